// Runs after the page's own script: measures the page, uses it, writes what was seen.
{
const luminance = rgb => rgb.map(v => (v /= 255) <= 0.03928 ? v / 12.92
  : ((v + 0.055) / 1.055) ** 2.4).reduce((sum, v, n) => sum + v * [0.2126, 0.7152, 0.0722][n], 0);
const parsed = text => (text.match(/[\d.]+/g) || []).map(Number);
const ground = node => { for (; node; node = node.parentElement) {
  const c = parsed(getComputedStyle(node).backgroundColor);
  if (c.length === 3 || c[3] > 0.9) return c.slice(0, 3); } return [255, 255, 255]; };
const seen = {};
document.querySelectorAll('details').forEach(each => each.open = true);
seen.overflow = document.documentElement.scrollWidth - innerWidth;
seen.width = innerWidth;
seen.dark = matchMedia('(prefers-color-scheme: dark)').matches;
seen.faint = [];
for (const node of document.querySelectorAll('body *')) {
  const own = [...node.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
  if (!own || !node.getClientRects().length || ['SCRIPT', 'STYLE'].includes(node.tagName)) continue;
  const style = getComputedStyle(node), a = luminance(parsed(style.color).slice(0, 3)), b = luminance(ground(node));
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  const size = parseFloat(style.fontSize), large = size >= 24 || size >= 18.66 && style.fontWeight >= 700;
  if (ratio < (large ? 3 : 4.5)) seen.faint.push(`${node.tagName}.${node.className} ${ratio.toFixed(2)} ${node.textContent.trim().slice(0, 30)}`);
}
const visible = selector => [...document.querySelectorAll(selector)].filter(n => n.getClientRects().length);
const find = document.getElementById('find');
const type = text => { find.value = text; find.dispatchEvent(new Event('input')); };
const press = (key, target = document.body) => target.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));
seen.all = visible('[data-card]').length;
press('/'); seen.focused = document.activeElement === find;
type('kl(p'); seen.cards = visible('[data-card]').map(n => n.id);
seen.said = document.querySelector('.tools output').textContent;
seen.claims = visible('#mathematics [data-unit]').map(n => n.textContent.trim().slice(0, 40));
type('xyzzy'); seen.none = visible('[data-card]').length;
press('Escape', find); seen.after = visible('[data-card]').length;
seen.blurred = document.activeElement !== find;
document.documentElement.style.scrollBehavior = 'auto';
press('j'); const top = scrollY; press('j'); seen.moved = scrollY > top && top > 0;
press('k'); seen.back = Math.abs(scrollY - top) < 3;
seen.copies = visible('.command button').length;
document.querySelector('#mathematics .command button').click();
document.querySelectorAll('img').forEach(each => { each.loading = 'eager'; });
const finish = () => {
  seen.copied = document.querySelector('#mathematics .command button').textContent;
  seen.images = [...document.querySelectorAll('img')].map(each => each.naturalWidth);
  seen.wrong = window.wrong;
  parent.postMessage(JSON.stringify(seen), '*');
};
setTimeout(finish, 700);
}

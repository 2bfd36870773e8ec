// Runs before the page's own script, to see its errors.
window.wrong = [];
addEventListener('error', e => wrong.push(String(e.message || e.target?.src)), true);
console.error = (...words) => wrong.push(words.join(' '));

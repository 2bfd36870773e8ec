"""Every model has the published size and the properties that all models share."""

import functools
import math
import pkgutil
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

import dl_core.models
from dl_core import graphs, trees
from dl_core.layers import squeeze
from dl_core.models import (
  alexnet,
  autoencoder,
  averaged,
  bert,
  biggan,
  captioner,
  char_lm,
  context_encoder,
  cyclegan,
  deconvnet,
  elman,
  encoder,
  fcn,
  gan,
  gcn,
  googlenet,
  gpt,
  graph_classifier,
  jigsaw,
  lenet,
  linear,
  mlp,
  perceptron,
  pixelcnn,
  pspnet,
  recurrent_classifier,
  recurrent_regressor,
  resnet,
  seq2seq,
  stylegan,
  text_classifier,
  transformer,
  unet,
  vgg,
  video_frames,
  vit,
  vqa,
)  # fmt: skip
from dl_core.runtime import compilation
from tests.families import marked


class Row(NamedTuple):
  """A model as published, and how small it is made where its outputs are computed.

  Attributes:
    model: the module.
    example: shape of one input, or a tree of such shapes.
    output: shape of what the model computes from it in evaluation.
    parameters: exact number of trainable parameters.
    small: attributes that are changed before anything is computed; None leaves a model
      counted only, where a sibling in the table differs from it in depth alone.
    small_example: shape of one input of the small model; None: the same as `example`.
  """

  model: nn.Module
  example: Any
  output: tuple[int, ...]
  parameters: int
  small: dict[str, Any] | None = None
  small_example: Any = None


RGB = (224, 224, 3)
CIFAR = (32, 32, 3)
K = (1_000,)
SE = functools.partial(squeeze.SqueezeExcite, reduction=2)
Gated = {'gate': squeeze.SqueezeExcite}
GoogLeNet = googlenet.GoogLeNet
TWO = {'classes': 5, 'width': 4, 'depths': (1, 1)}
ALEXNET = {'classes': 5, 'widths': (8, 8, 6, 6, 6), 'dense': 16}
VGG = {'classes': 5, 'width': 2, 'depths': (1, 1, 1, 1, 1)}
INCEPTION = {'classes': 5, 'width': 1 / 8}
GRAPH = graphs.Graphs((34, 34), (34, 34), (34,))
MUTAG = graphs.Graphs((28, 7), (28, 28), (28,))
SMALL_GRAPH = graphs.Graphs((7, 3), (7, 7), (7,))
Graphs = graph_classifier.GraphClassifier
SMALL_SIZE = transformer.Size(2, 8, 2, 12)
PAIR_OF_PASSAGES = {'tokens': (7,), 'segments': (7,), 'lengths': (), 'places': (3,)}
PAIR = {'source': (6,), 'target': (5,), 'lengths': ()}
SENTENCE = {'tokens': (9,), 'lengths': ()}
Bert, Gpt = text_classifier.BERTClassifier, text_classifier.GPTClassifier
Reader = functools.partial(recurrent_classifier.RecurrentClassifier, 13_520, 2)
FEW = {'vocabulary': 9, 'hidden': 4, 'embedding': 3}
PERCEPTRONS, DCGAN = gan.mlp(28, 1), gan.dcgan(64, 3)
SCENE, TINY_SCENE = (
  {'image': (side, side, 1), 'words': (words,)} for side, words in ((32, 10), (8, 4))
)
ASKED, TINY_ASKED = (
  {'image': (side, side, 1), 'question': (words,)} for side, words in ((32, 12), (8, 4))
)
SMALL = {'widths': (2, 3), 'hidden': 5, 'embedding': 4, 'vocabulary': 6}
CONVOLUTIONS = {'width': 4, 'doublings': 2}

MODELS = {
  'autoencoder': Row(
    autoencoder.Autoencoder(), (28, 28, 1), (28, 28, 1), 2_837_314,
    {'hidden': (7, 5), 'code': 3}, (3, 3, 1),
  ),
  'encoder and classifier': Row(
    autoencoder.EncoderClassifier(10), (28, 28, 1), (10,), 1_418_590,
    {'hidden': (16, 12), 'code': 8}, (3, 3, 1),
  ),
  'context encoder': Row(
    context_encoder.ContextEncoder(), (32, 32, 1), (32, 32, 1), 842_980,
    {'widths': (2, 3, 4, 4), 'code': 5}, (8, 8, 1),
  ),
  'jigsaw': Row(
    jigsaw.Jigsaw(24), (4, 12, 12, 1), (24,), 333_848,
    {'permutations': 5, 'widths': (2, 3, 4, 4), 'features': 6, 'hidden': 7},
    (4, 4, 4, 1),
  ),
  'encoder and classifier, convolutional': Row(
    encoder.Classifier(10), (32, 32, 1), (10,), 151_178, {'widths': (2, 3, 4, 4)},
    (8, 8, 1),
  ),
  'pixelcnn, gated': Row(
    pixelcnn.PixelCNN('gated', 2, 7, 16), (28, 28, 1), (28, 28, 1, 2), 43_057,
    {'layers': 1, 'width': 4, 'head': (6,)}, (5, 5, 1),
  ),
  'pixelcnn, conditional': Row(
    pixelcnn.PixelCNN('gated', 2, 7, 16, classes=10),
    {'image': (28, 28, 1), 'class': ()}, (28, 28, 1, 2), 43_057 + 7 * 10 * 64,
    {'layers': 1, 'width': 4, 'head': (6,), 'classes': 5},
    {'image': (5, 5, 1), 'class': ()},
  ),
  'fcn small': Row(
    fcn.small(6), (64, 64, 3), (64, 64, 6), 606_514, {'width': 2, 'hidden': 8},
    (32, 32, 3),
  ),
  'video_frames': Row(
    video_frames.VideoFrames(10), (12, 16, 16, 1), (12, 10), 73_418,
    {'widths': (4, 6), 'features': 16, 'hidden': 5}, (3, 8, 8, 1),
  ),
  'video_frames, both directions': Row(
    video_frames.VideoFrames(10, bidirectional=True), (12, 16, 16, 1), (12, 10),
    107_082,
    {'widths': (4, 6), 'features': 16, 'hidden': 5, 'cell': 'gru'}, (3, 8, 8, 1),
  ),
  'captioner': Row(
    captioner.Captioner(32), SCENE, (10, 32), 303_920, SMALL, TINY_SCENE
  ),
  'captioner, attention': Row(
    captioner.Captioner(32, attention=True), SCENE, (10, 32), 241_632, SMALL, TINY_SCENE
  ),
  'vqa': Row(vqa.VQA(12, 64), ASKED, (12,), 771_356, SMALL, TINY_ASKED),
  'vqa without image': Row(
    vqa.VQA(12, 64, without='image'), ASKED, (12,), 467_468, SMALL, TINY_ASKED
  ),
  'vqa without question': Row(
    vqa.VQA(12, 64, without='question'), ASKED, (12,), 372_764, SMALL, TINY_ASKED
  ),
  'elman': Row(elman.Elman(4), (4,), (4, 4), 40, {}),
  'recurrent regressor': Row(
    recurrent_regressor.RecurrentRegressor(), (10, 2), (), 17_217, {'hidden': 5}
  ),
  'seq2seq': Row(
    seq2seq.Seq2Seq(7_853, 5_893, 'lstm', 2, 512, 256, 'none'), PAIR, (5, 5_893),
    13_890_309, {'source': 5, 'target': 5, 'hidden': 4, 'embedding': 3},
  ),
  'seq2seq, additive': Row(
    seq2seq.Seq2Seq(7_853, 5_893, 'gru', 1, 512, 256, 'additive', True), PAIR,
    (5, 5_893), 20_515_333, {'source': 5, 'target': 5, 'hidden': 4, 'embedding': 3},
  ),
  'transformer base': Row(
    transformer.Transformer(37_000, 37_000, transformer.SIZES['base']), PAIR,
    (5, 37_000), 63_082_496, {'source': 5, 'target': 5, 'size': SMALL_SIZE},
  ),
  'transformer, convolutions': Row(
    transformer.Transformer(5, 5, SMALL_SIZE, 'pre', encoder='convolution'), PAIR,
    (5, 5), 40 + 2 * 400 + 2 * 836 + 16, {},
  ),
  'gpt2': Row(
    gpt.GPT(50_257), (9,), (9, 50_257), 124_439_808,
    {'vocabulary': 5, 'size': gpt.Size(2, 8, 2, 9, 0)},
  ),
  'bert base': Row(
    bert.BERT(bert.Encoder(30_522)), PAIR_OF_PASSAGES, (3 * 30_522 + 2,), 110_106_428,
    {'body': bert.Encoder(5, SMALL_SIZE, 7)},
  ),
  'bert base, classes': Row(
    Bert(bert.Encoder(30_522), 2), SENTENCE | {'segments': (9,)}, (2,), 109_483_778,
    {'body': bert.Encoder(5, SMALL_SIZE, 9)},
  ),
  'gpt1, classes': Row(
    Gpt(gpt.GPT(40_478, gpt.SIZES['gpt1']), 2, 40_478, auxiliary=False), SENTENCE, (2,),
    116_534_784 + 3 * 768 + 769 * 2,
    {'body': gpt.GPT(5, gpt.Size(2, 8, 2, 9, 0)), 'first': 3},
  ),
  'vit base/16': Row(
    vit.ViT(1_000), RGB, K, 86_567_656,
    {'classes': 5, 'size': SMALL_SIZE, 'patch': 4}, (8, 8, 3),
  ),
  'vit base/32': Row(vit.ViT(1_000, patch=32), RGB, K, 88_224_232),
  'vit large/16': Row(vit.ViT(1_000, vit.SIZES['large']), RGB, K, 304_326_632),
  'perceptron': Row(perceptron.Perceptron(), (2,), (), 3, {}),
  'linear': Row(linear.Linear(3), (4,), (3,), 15, {}),
  'linear, two classes': Row(linear.Linear(1), (30,), (2,), 31, {}),
  'linear, cubic': Row(linear.Linear(1, degree=3), (2,), (2,), 10, {}),
  'mlp without hidden layers': Row(mlp.MLP(10, ()), (784,), (10,), 7_850, {}, (6,)),
  'mlp 800': Row(mlp.MLP(10), (784,), (10,), 636_010, {'hidden': (7,)}, (6,)),
  'mlp 500-150': Row(
    mlp.MLP(10, (500, 150), 'tanh'), (28, 28, 1), (10,), 469_160,
    {'hidden': (7, 5)}, (3, 3, 1),
  ),
  'mlp 3 x 1024, dropout': Row(
    mlp.MLP(10, (1_024,) * 3, dropout_input=0.2, dropout=0.5), (784,), (10,), 2_913_290,
    {'hidden': (16, 16)}, (6,),
  ),
  'mlp 800, batch norm': Row(
    mlp.MLP(10, batch_norm=True), (784,), (10,), 636_810, {'hidden': (7, 5)}, (6,),
  ),
  'gcn karate': Row(
    gcn.GCN(2), GRAPH, (34, 2), 34 * 16 + 16 * 2, {},
    graphs.Graphs((5, 3), (5, 5), (5,)),
  ),
  'gcn cora': Row(
    gcn.GCN(7), graphs.Graphs((99, 1_433), (99, 99), (99,)), (99, 7), 23_040
  ),
  'gcn cora, biases': Row(
    gcn.GCN(7, use_bias=True), graphs.Graphs((99, 1_433), (99, 99), (99,)), (99, 7),
    23_063,
  ),
  'gcn, residual': Row(
    gcn.GCN(2, (16, 16), skip='residual', use_bias=True), GRAPH, (34, 2),
    35 * 16 + 17 * 16 + 17 * 2, {}, SMALL_GRAPH,
  ),
  'gcn, dense': Row(
    gcn.GCN(2, (16, 16), skip='dense'), GRAPH, (34, 2), 34 * 16 + 16 * 16 + 32 * 2, {},
    SMALL_GRAPH,
  ),
  'gcn without edges': Row(
    gcn.GCN(2, connected=False), GRAPH, (34, 2), 34 * 16 + 16 * 2, {}, SMALL_GRAPH,
  ),
  'gcnii 64, cora': Row(
    gcn.GCNII(7), graphs.Graphs((99, 1_433), (99, 99), (99,)), (99, 7), 354_375
  ),
  'gcnii 2, cora': Row(
    gcn.GCNII(7, layers=2), graphs.Graphs((99, 1_433), (99, 99), (99,)), (99, 7),
    100_423, {'hidden': 5, 'layers': 3}, SMALL_GRAPH,
  ),
  'gin, mutag': Row(Graphs(2, 'gin', (64,) * 4, 'sum', 'sum'), MUTAG, (2,), 31_192),
  'gin, mutag, ε learnt': Row(
    Graphs(2, 'gin', (64,) * 4, 'sum', 'sum', learn=True), MUTAG, (2,), 31_196,
    {'widths': (5, 4)}, SMALL_GRAPH,
  ),
  'gin 32, mutag': Row(Graphs(2, 'gin', (32,) * 4, 'sum', 'sum'), MUTAG, (2,), 8_440),
  'gcn, mutag, as in PyG': Row(
    Graphs(2), MUTAG, (2,), 13_122, {'widths': (5, 4)}, SMALL_GRAPH
  ),
  'gin, mutag, as in PyG': Row(Graphs(2, 'gin'), MUTAG, (2,), 26_370),
  'gin, mutag, as in PyG, ε learnt': Row(
    Graphs(2, 'gin', learn=True), MUTAG, (2,), 26_373
  ),
  # PyG has 30,084: one more, by whose own length it is divided.
  'sagpool, mutag, as in PyG': Row(
    Graphs(2, 'sage', jump='concat', pool='sag'), MUTAG, (2,), 30_083,
    {'widths': (5, 4, 3), 'readout': 'max'}, SMALL_GRAPH,
  ),
  'top-k, mutag': Row(
    Graphs(2, 'sage', jump='concat', pool='topk'), MUTAG, (2,), 30_083 - 129 + 64,
    {'widths': (5, 4, 3)}, SMALL_GRAPH,
  ),
  'diffpool, mutag': Row(
    Graphs(2, 'sage', pool='diffpool'), MUTAG, (2,),
    960 + 2 * 8_256 + 65 * 14 + 65 * 64 + 65 * 2, {'widths': (5, 4, 3)}, SMALL_GRAPH,
  ),
  'dgcnn, mutag': Row(
    graph_classifier.dgcnn(2, keep=19), MUTAG, (2,), 27_427,
    {'widths': (4, 3, 1), 'keep': 12}, SMALL_GRAPH,
  ),
  'averaged': Row(
    averaged.Averaged(10), (64, 64, 3), (10,), 117_546,
    {'widths': (4, 8, 8), 'halving': 2}, (12, 12, 3),
  ),
  'lenet': Row(lenet.LeNet(), (32, 32, 1), (10,), 61_706, {}),
  'lenet, colour': Row(lenet.LeNet(), (32, 32, 3), (10,), 62_006),
  'lenet 1998': Row(lenet.LeNet1998(), (32, 32, 1), (10,), 60_000, {}),
  'char_lm hello': Row(
    char_lm.CharLM(4, cell='rnn', layers=1, hidden=3), (4,), (4, 4), 40, {}
  ),
  'char_lm lstm 128': Row(char_lm.CharLM(65, hidden=128), (9,), (9, 65), 239_297),
  'char_lm lstm 256': Row(char_lm.CharLM(65, hidden=256), (9,), (9, 65), 871_745),
} | {
  f'char_lm {cell} 512': Row(
    char_lm.CharLM(65, cell=cell, dropout=0.5), (9,), (9, 65), count,
    {'vocabulary': 5, 'hidden': 7}, (6,),
  )
  for cell, count in {'lstm': 3_316_289, 'gru': 2_496_577, 'rnn': 854_081}.items()
} | {
  'recurrent classifier, flax sst2': Row(
    Reader('lstm', 1, 256, True, 'attention', 300, 256, dropout=0.5), SENTENCE, (2,),
    13_520 * 300 + 2 * (300 + 256 + 1) * 1_024 + 512 * 256 + 256 + 513 * 256 + 257 * 2,
    FEW | {'head': 5},
  ),
  'recurrent classifier, last': Row(
    Reader('gru', 2, 128), SENTENCE, (2,),
    13_520 * 64 + (64 + 128 + 1) * 384 + 128 + (128 + 128 + 1) * 384 + 128 + 129 * 2,
    FEW,
  ),
  'recurrent classifier, mean': Row(
    Reader('rnn', 1, 128, True, 'mean'), SENTENCE, (2,),
    13_520 * 64 + 2 * (64 + 128 + 1) * 128 + 257 * 2, FEW,
  ),
  'gan mlp generator': Row(
    PERCEPTRONS.generator, (128,), (28, 28, 1), 566_800,
    {'shape': (4, 4, 1), 'widths': (8, 9)}, (6,),
  ),
  'gan mlp discriminator': Row(
    PERCEPTRONS.discriminator, (28, 28, 1), (), 533_505, {'widths': (9, 8)}, (4, 4, 1),
  ),
  'dcgan generator': Row(
    DCGAN.generator, (100,), (64, 64, 3), 3_576_704, CONVOLUTIONS, (8,)
  ),
  'dcgan discriminator': Row(
    DCGAN.discriminator, (64, 64, 3), (), 2_765_568, CONVOLUTIONS, (16, 16, 3)
  ),
  'alexnet torchvision': Row(
    alexnet.TORCHVISION(), RGB, K, 61_100_840, ALEXNET, (63, 63, 3)
  ),
  'alexnet grouped': Row(alexnet.GROUPED(), RGB, K, 60_965_224, ALEXNET, (63, 63, 3)),
  'alexnet ungrouped': Row(alexnet.UNGROUPED(), RGB, K, 62_378_344),
  'vgg 11': Row(vgg.VGG11(), RGB, K, 132_863_336, VGG, CIFAR),
  'vgg 11 bn': Row(vgg.VGG11(batch_norm=True), RGB, K, 132_868_840, VGG, CIFAR),
  'vgg 13': Row(vgg.VGG13(), RGB, K, 133_047_848),
  'vgg 13 bn': Row(vgg.VGG13(batch_norm=True), RGB, K, 133_053_736),
  'vgg 16': Row(vgg.VGG16(), RGB, K, 138_357_544),
  'vgg 16 bn': Row(vgg.VGG16(batch_norm=True), RGB, K, 138_365_992),
  'vgg 19': Row(vgg.VGG19(), RGB, K, 143_667_240),
  'vgg 19 bn': Row(vgg.VGG19(batch_norm=True), RGB, K, 143_678_248),
  'googlenet paper': Row(GoogLeNet(), RGB, K, 6_998_552, INCEPTION, CIFAR),
  'googlenet paper aux': Row(GoogLeNet(aux=True), RGB, K, 13_378_280),
  'googlenet bn': Row(GoogLeNet(variant='bn'), RGB, K, 7_005_832),
  'googlenet torchvision': Row(GoogLeNet(variant='torchvision'), RGB, K, 6_624_904),
  'googlenet torchvision aux': Row(
    GoogLeNet(variant='torchvision', aux=True), RGB, K, 13_004_888, INCEPTION, CIFAR
  ),
  'resnet 18': Row(resnet.ResNet18(), RGB, K, 11_689_512, TWO, CIFAR),
  'resnet 34': Row(resnet.ResNet34(), RGB, K, 21_797_672),
  'resnet 50': Row(resnet.ResNet50(), RGB, K, 25_557_032, TWO, CIFAR),
  'resnet 101': Row(resnet.ResNet101(), RGB, K, 44_549_160),
  'resnet 152': Row(resnet.ResNet152(), RGB, K, 60_192_808),
  'se-resnet 18': Row(resnet.ResNet18(**Gated), RGB, K, 11_778_592),
  'se-resnet 34': Row(resnet.ResNet34(**Gated), RGB, K, 21_958_868),
  'se-resnet 50': Row(
    resnet.ResNet50(**Gated), RGB, K, 28_088_024, TWO | {'gate': SE}, CIFAR
  ),
  'se-resnet 50, caffe': Row(
    resnet.ResNet50(block=resnet.Early, stem='caffe', **Gated), RGB, K, 28_088_024,
    TWO | {'gate': SE}, CIFAR,
  ),
  'se-resnet 101': Row(resnet.ResNet101(**Gated), RGB, K, 49_326_872),
  'se-resnet 152': Row(resnet.ResNet152(**Gated), RGB, K, 66_821_848),
  'resnet 20, cifar': Row(resnet.cifar(20), CIFAR, (10,), 269_722, TWO, (8, 8, 3)),
} | {
  f'resnet {depth}, cifar': Row(resnet.cifar(depth), CIFAR, (10,), count)
  for depth, count in {32: 464_154, 44: 658_586, 56: 853_018, 110: 1_727_962}.items()
} | {
  'resnet 20 B, cifar': Row(resnet.cifar(20, shortcut='B'), CIFAR, (10,), 272_474),
  'resnet 56 B, cifar': Row(resnet.cifar(56, shortcut='B'), CIFAR, (10,), 855_770),
  'resnet 110 B, cifar': Row(resnet.cifar(110, shortcut='B'), CIFAR, (10,), 1_730_714),
  'plain 20, cifar': Row(
    resnet.cifar(20, shortcut='none'), CIFAR, (10,), 269_722, TWO, (8, 8, 3)
  ),
  'se-resnet 20, cifar': Row(
    resnet.cifar(20, **Gated), CIFAR, (10,), 272_095, TWO | {'gate': SE}, (8, 8, 3)
  ),
}  # fmt: skip
CYCLE, STYLE, GROWN = cyclegan.make(), stylegan.make(1_024), 600_000
SQUARE, ASKED_FOR = (1_024, 1_024, 3), {'latent': (120,), 'class': ()}
MODELS |= {
  'cyclegan generator': Row(
    CYCLE.there, (256, 256, 3), (256, 256, 3), 11_378_179, {'width': 2, 'blocks': 1},
    (8, 8, 3),
  ),
  'cyclegan generator, 6 blocks': Row(
    cyclegan.make(blocks=6).back, (128, 128, 3), (128, 128, 3), 7_837_699
  ),
  'cyclegan critic': Row(CYCLE.first, (256, 256, 3), (30, 30), 2_764_737),
  'biggan generator': Row(
    biggan.make(128, 3, 1_000).generator, ASKED_FOR, (128, 128, 3), 70_433_988
  ),
  'biggan discriminator': Row(
    biggan.make(128, 3, 1_000).discriminator, {'image': (128, 128, 3), 'class': ()},
    (), 87_982_370, {'classes': 5, 'widths': (8, 8), 'downs': 1, 'attention': 4},
    {'image': (8, 8, 3), 'class': ()},
  ),
  'biggan generator, 256': Row(
    biggan.make(256, 3, 1_000).generator, {'latent': (140,), 'class': ()},
    (256, 256, 3), 82_235_844,
  ),
  'biggan discriminator, 256': Row(
    biggan.make(256, 3, 1_000).discriminator, {'image': (256, 256, 3), 'class': ()},
    (), 99_225_890,
  ),
  'stylegan generator': Row(
    STYLE.generator, (512,), SQUARE, 26_212_019,
    {'maps': (4, 3), 'features': 5, 'layers': 1}, (5,),
  ),
  'stylegan discriminator': Row(STYLE.discriminator, SQUARE, (), 23_077_137),
  'stylegan generator, growing': Row(
    stylegan.make(1_024, growing=GROWN).generator, (512,), SQUARE, 26_219_627
  ),
  'stylegan discriminator, growing': Row(
    stylegan.make(1_024, growing=GROWN).discriminator, SQUARE, (), 23_087_249
  ),
}  # fmt: skip
NETWORK = {'classes': 5, 'width': 2}
UNET = functools.partial(unet.UNet, padded=True, batch_norm=True)
PSP50 = pspnet.PSPNet(21)
MODELS |= {
  'u-net': Row(
    unet.UNet(2), (572, 572, 1), (388, 388, 2), 31_030_658,
    {'levels': 2, 'width': 2, 'dropout': 0.0}, (20, 20, 1),
  ),
  'u-net as in Keras': Row(
    unet.UNet(1, **unet.FORMS['keras']), (256, 256, 1), (256, 256, 1), 31_031_685
  ),
  'deconvnet': Row(
    deconvnet.DeconvNet(21), RGB, (224, 224, 21), 251_805_653,
    NETWORK | {'depths': (1, 1), 'hidden': 3}, (8, 8, 3),
  ),
  'deconvnet without batch norm': Row(
    deconvnet.DeconvNet(21, batch_norm=False), RGB, (224, 224, 21), 251_772_245
  ),
  'pspnet 50, auxiliary': Row(
    PSP50, (473, 473, 3), (473, 473, 21), 49_081_578,
    NETWORK | {'depths': (1, 1, 1, 1)}, (17, 17, 3),
  ),
} | {
  f'u-net, {channels} to {k}': Row(
    unet.UNet(k), (188, 188, channels), (4, 4, k), count
  )
  for channels, k, count in (
    (1, 1, 31_030_593), (3, 1, 31_031_745), (3, 2, 31_031_810), (1, 11, 31_031_243),
    (3, 11, 31_032_395), (3, 21, 31_033_045),
  )
} | {
  f'u-net, padded, {up}, {channels} to {k}': Row(
    UNET(k, up=up), (64, 64, channels), (64, 64, k), count
  )
  for up, channels, k, count in (
    ('transposed', 3, 2, 31_037_698), ('transposed', 3, 1, 31_037_633),
    ('transposed', 1, 1, 31_036_481), ('transposed', 1, 2, 31_036_546),
    ('transposed', 3, 11, 31_038_283), ('bilinear', 3, 1, 17_262_977),
    ('bilinear', 3, 2, 17_263_042), ('bilinear', 1, 1, 17_261_825),
    ('bilinear', 1, 2, 17_261_890),
  )
} | {
  f'deconvnet, {k} classes': Row(
    deconvnet.DeconvNet(k), RGB, (224, 224, k), count
  )
  for k, count in ((2, 251_804_418), (11, 251_805_003))
} | {
  f'pspnet {depth}, {stem}, {k} classes{", auxiliary" * auxiliary}': Row(
    pspnet.PSPNet(k, pspnet.DEPTHS[depth], stem=stem, auxiliary=auxiliary),
    (97, 96, 3), (97, 96, k), count,
  )
  for depth, stem, k, auxiliary, count in (
    (50, 'deep', 21, False, 46_716_373), (50, 'deep', 19, False, 46_715_347),
    (50, 'deep', 150, False, 46_782_550), (50, 'deep', 19, True, 49_080_038),
    (50, 'deep', 150, True, 49_180_908), (101, 'deep', 21, False, 65_708_501),
    (101, 'deep', 19, False, 65_707_475), (101, 'deep', 150, False, 65_774_678),
    (101, 'deep', 21, True, 68_073_706), (101, 'deep', 19, True, 68_072_166),
    (101, 'deep', 150, True, 68_173_036), (152, 'deep', 19, False, 81_351_123),
    (152, 'deep', 21, False, 81_352_149), (152, 'deep', 150, False, 81_418_326),
    (152, 'deep', 19, True, 83_715_814), (152, 'deep', 21, True, 83_717_354),
    (152, 'deep', 150, True, 83_816_684), (50, 'imagenet', 21, False, 46_592_597),
    (101, 'imagenet', 21, False, 65_584_725), (50, 'imagenet', 19, True, 48_956_262),
    (50, 'imagenet', 21, True, 48_957_802), (50, 'imagenet', 150, True, 49_057_132),
    (50, 'imagenet', 19, False, 46_591_571), (50, 'imagenet', 150, False, 46_658_774),
    (101, 'imagenet', 19, True, 67_948_390), (101, 'imagenet', 21, True, 67_949_930),
    (101, 'imagenet', 150, True, 68_049_260), (101, 'imagenet', 19, False, 65_583_699),
    (101, 'imagenet', 150, False, 65_650_902),
  )
}  # fmt: skip
MODELS |= {
  f'fcn-{stride}s {kind}': Row(
    fcn.FCN(21, stride, upsampling=kind), (64, 64, 3), (64, 64, 21), count
  )
  for kind, counts in {
    'bilinear': (134_346_581, 134_357_354, 134_362_751),
    'grouped': (134_432_597, 134_379_194, 134_368_799),
    'learned': (136_152_917, 134_815_994, 134_489_759),
  }.items()
  for stride, count in zip((32, 16, 8), counts, strict=True)
}
COMPUTED = [name for name, row in MODELS.items() if row.small is not None]
# Of the tables of one network, `make test` counts these; it computes all models but the
# large ones; and one of each kind one operation at a time, which compiles each.
# `make test-all` does all.
COUNTED = ('101, deep, 21 classes', '152, deep, 150 classes')
LARGE = (
  'deconvnet',
  'googlenet paper',
  'googlenet torchvision aux',
  'pspnet 50, auxiliary',
)
PLAIN = (
  'autoencoder', 'char_lm lstm 512', 'gan mlp generator', 'gcn karate', 'gpt2', 'lenet',
  'linear', 'mlp 800, batch norm', 'perceptron', 'resnet 20, cifar', 'seq2seq',
)  # fmt: skip

# A bias of keys adds the same to all scores of a query, and the softmax takes it away.
KEYS = {
  f'{name}.key.bias'
  for name in (
    'reader.blocks.attention',
    'writer.blocks.attention',
    'writer.blocks.cross_attention',
  )
}
# Biases that the batch norm after them takes away with the mean. In VGG torchvision has
# them, too; in the small GoogLeNet the ReLU between is open everywhere.
USELESS = {
  'transformer base': KEYS,
  'transformer, convolutions': {name for name in KEYS if name.startswith('writer')},
  'vit base/16': {'encoder.blocks.attention.key.bias'},
  'bert base': {'encoder.blocks.attention.key.bias'},
  'bert base, classes': {'encoder.blocks.attention.key.bias'},
  'gpt2': {'stack.blocks.attention.key.bias'},
  'gpt1, classes': {'stack.blocks.attention.key.bias'},
  'vgg 11 bn': {f'convolution_{stage}_1.bias' for stage in range(1, 6)},
  'googlenet torchvision aux': {'convolution_2.norm.bias'},
  'cyclegan generator': {
    f'{name}.bias'
    for name in (
      *('first', 'down_1', 'down_2', 'up_1', 'up_2'),
      *('block_1.convolution_1', 'block_1.convolution_2'),
    )
  },
  'fcn small': {
    f'{name}.bias'
    for name in (
      *(f'convolution_{place}' for place in ('1_1', '2_1', '2_2', '3_1', '3_2')),
      *(f'convolution_{place}' for place in ('4_1', '4_2', '5_1')),
      *('hidden_1', 'hidden_2'),
    )
  },
  'deconvnet': {
    f'{name}.bias'
    for name in (
      *('convolution_1_1', 'convolution_2_1', 'hidden_1', 'hidden_2', 'spread'),
      *('mirrored_2_1', 'mirrored_1_1'),
    )
  },
  'gin, mutag, ε learnt': {
    f'layer_{layer}.dense_{dense}.bias' for layer in (1, 2) for dense in (1, 2)
  },
}


READERS = (
  Bert,
  Gpt,
  bert.BERT,
  char_lm.CharLM,
  elman.Elman,
  gpt.GPT,
  recurrent_classifier.RecurrentClassifier,
  seq2seq.Seq2Seq,
  transformer.Transformer,
)
TOKENS = "['words']", "['question']", "['class']"  # the inputs that hold them


def structure(model, example, batch_size=4):
  """Returns the shapes of a model's inputs, of its outputs and of its variables."""

  def inputs(path, shape):
    words = isinstance(model, READERS) or path in TOKENS
    kind = jnp.int32 if words else jnp.float32
    return jax.ShapeDtypeStruct((batch_size, *shape), kind)

  x = jax.tree_util.tree_map_with_path(
    lambda path, shape: inputs(jax.tree_util.keystr(path), shape),
    example,
    is_leaf=lambda shape: type(shape) is tuple,
  )

  def init(key, x):
    output, variables = model.init_with_output(key, x, train=False)
    return flat(output), variables

  return x, *jax.eval_shape(init, jax.random.key(0), x)


def flat(output):
  """Returns the outputs of several heads, if there are, side by side."""
  if not isinstance(output, dict):
    return output
  leaves = jax.tree.leaves(output)
  return jnp.concatenate([leaf.reshape(len(leaf), -1) for leaf in leaves], axis=1)


def counted(name):
  return not re.match('pspnet .*classes', name) or name.endswith(COUNTED)


@pytest.mark.parametrize('name', marked(MODELS, counted))
def test_it_has_the_published_size_and_maps_a_batch_to_a_batch(name):
  row = MODELS[name]
  _, output, variables = structure(row.model, row.example)
  assert output.shape == (4, *row.output)
  assert sum(leaf.size for leaf in jax.tree.leaves(variables['params'])) == (
    row.parameters
  )


# They have no module, or one that answers more than an array: see their own tests.
ELSEWHERE = {'backbones', 'clusters', 'components', 'rcnn', 'vae'}


def test_every_module_of_models_is_computed():
  names = {m.name for m in pkgutil.iter_modules(dl_core.models.__path__) if not m.ispkg}
  computed = {type(MODELS[name].model).__module__ for name in COMPUTED}
  assert computed == {f'dl_core.models.{name}' for name in names - ELSEWHERE}


def drawn(path, leaf, random):
  """Draws a variable: weights as He et al. 2015, variances positive, scales near 1."""
  if path.endswith('var'):
    return np.float32(random.uniform(0.5, 1.5, leaf.shape))
  if len(leaf.shape) > 1:
    return np.float32(
      random.normal(0, np.sqrt(2 / math.prod(leaf.shape[:-1])), leaf.shape)
    )
  return np.float32(random.normal(float(path.endswith('scale')), 0.1, leaf.shape))


def connected(x, random):
  """Returns graphs of several sizes with edges of 0 and 1 in place of numbers."""
  count, n = x.mask.shape
  mask = np.arange(n) < random.integers(n // 2 + 1, n + 1, size=(count, 1))
  near = np.triu(random.random((count, n, n)) < 0.6, 1)
  edges = (near | near.swapaxes(1, 2)) & mask[:, :, None] & mask[:, None]
  nodes = x.nodes * mask[..., None]
  return graphs.Graphs(*map(np.float32, (nodes, edges, mask)))


class Case(NamedTuple):
  """What a small model computes at a random point, of a batch of four.

  Attributes:
    name: of the row.
    plain: () -> outputs in evaluation, one operation at a time.
    compiled: the same from a compiled function.
    gradients: of every parameter, in training.
    among_others: outputs of a batch that begins with the same example and goes on with
      three others.
  """

  name: str
  plain: Callable[[], np.ndarray]
  compiled: np.ndarray
  gradients: Any
  among_others: np.ndarray


@pytest.fixture(scope='module', params=marked(COMPUTED, lambda name: name not in LARGE))
def case(request):
  row = MODELS[request.param]
  model = row.model.clone(**row.small)
  with pytest.MonkeyPatch.context() as patch:
    # All nine modules of GoogLeNet take half a minute to compile.
    few = {name: googlenet.MODULES[name] for name in ('4a', '4d', '5a')}
    patch.setattr(googlenet, 'MODULES', few)
    return computed(request.param, model, row.small_example or row.example)


def computed(name, model, example):
  random = np.random.default_rng(0)
  like, _, shapes = structure(model, example)
  draws = {
    path: drawn(path, leaf, random) for path, leaf in trees.flatten(shapes).items()
  }
  variables = trees.unflatten(shapes, draws)
  state = {part: tree for part, tree in variables.items() if part != 'params'}

  def inputs(path, leaf):
    if leaf.dtype == jnp.int32:
      most = getattr(model, 'vocabulary', 5)
      if 'segments' in jax.tree_util.keystr(path):
        return random.integers(bert.SEGMENTS, size=leaf.shape)
      return random.integers(1, most, size=leaf.shape)
    return np.float32(random.normal(size=leaf.shape))

  def drawn_inputs():
    x = jax.tree_util.tree_map_with_path(inputs, like)
    return connected(x, random) if isinstance(x, graphs.Graphs) else x

  x, strangers = drawn_inputs(), drawn_inputs()
  strangers = jax.tree.map(lambda a, b: np.concatenate([a[:1], b[1:]]), x, strangers)

  def evaluate(variables, x):
    return flat(model.apply(variables, x, train=False))

  def total(params):
    outputs, _ = model.apply(
      state | {'params': params},
      x,
      train=True,
      mutable=list(state),
      rngs={name: jax.random.key(1) for name in ('dropout', 'draw')},
    )
    # Outputs enter in different ways, so that their gradients do not cancel.
    return sum(jnp.sum(jnp.sin(3 * out + 1)) for out in jax.tree.leaves(outputs))

  @functools.partial(jax.jit, compiler_options=compilation.often())
  def both(variables, x):
    return evaluate(variables, x), jax.grad(total)(variables['params'])

  return Case(
    name,
    lambda: evaluate(variables, x),
    *both(variables, x),
    both(variables, strangers)[0],
  )


@pytest.mark.parametrize('case', marked(COMPUTED, PLAIN.__contains__), indirect=True)
def test_compiled_or_not_it_computes_the_same(case):
  np.testing.assert_allclose(case.compiled, case.plain(), rtol=1e-4, atol=1e-5)


def test_an_example_does_not_depend_on_its_batch_in_evaluation(case):
  first, *rest = np.isclose(case.among_others, case.compiled, rtol=1e-5, atol=1e-6)
  assert np.all(first)
  assert not any(np.all(same) for same in rest)


def test_every_parameter_has_a_finite_gradient_that_is_not_zero(case):
  chex.assert_tree_all_finite(case.gradients)
  sizes = {
    path: np.max(np.abs(leaf)) for path, leaf in trees.flatten(case.gradients).items()
  }
  rounding = 1e-6 * max(sizes.values())
  assert {path for path, size in sizes.items() if size < rounding} == (
    USELESS.get(case.name, set())
  )

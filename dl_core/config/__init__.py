"""Settings: one frozen dataclass per experiment, its fields are its absl flags.

A setting is declared once, as a field. A subclass that only changes a default
(`steps: int = 1_000`) keeps the help, the bounds and the group of the base class.

Here: fields and their rules, the settings that every experiment has, and what of them
identifies a run. Not here: command lines (`launch.flags`).
"""

from dl_core.config.common import PRECISIONS as PRECISIONS
from dl_core.config.common import Config as Config
from dl_core.config.common import Drawing as Drawing
from dl_core.config.common import trains as trains
from dl_core.config.fields import GROUPS as GROUPS
from dl_core.config.fields import Rule as Rule
from dl_core.config.fields import Settings as Settings
from dl_core.config.fields import field as field
from dl_core.config.fields import group_of as group_of
from dl_core.config.fields import read as read
from dl_core.config.fields import refusal as refusal
from dl_core.config.fields import rule_of as rule_of
from dl_core.config.fields import stored as stored
from dl_core.config.identity import asked as asked
from dl_core.config.identity import fingerprint as fingerprint
from dl_core.config.identity import handed as handed
from dl_core.config.identity import restored as restored
from dl_core.config.identity import settings as settings
from dl_core.config.identity import shared as shared
from dl_core.config.identity import written as written
from dl_core.config.kinds import TOKENS as TOKENS
from dl_core.config.kinds import Answering as Answering
from dl_core.config.kinds import Filling as Filling
from dl_core.config.kinds import Generating as Generating
from dl_core.config.kinds import Textual as Textual
from dl_core.config.kinds import Transfer as Transfer
from dl_core.config.paths import path as path

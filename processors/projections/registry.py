"""All read models. A new one is a file beside this and one line here.

Topics that are not listed are not followed. The order of a topic's read models is that of their writes.
"""

from collections.abc import Callable
from typing import Final

from adapters.kafka import topics
from processors.projections.accounts import AccountRows
from processors.projections.files import FileRows
from processors.projections.models import ModelRows
from processors.projections.port import Rows
from processors.projections.tasks import TaskRows
from processors.projections.timeline import TimelineRows
from processors.projections.users import UserRows

READ_MODELS: Final[dict[topics.Topic, tuple[Callable[[], Rows], ...]]] = {
    topics.IDENTITY: (UserRows,),
    topics.CATALOG: (ModelRows,),
    topics.ACCOUNTS: (AccountRows, TaskRows, TimelineRows, FileRows),
}

"""Makes the published form of the events from their structs: `python -m docs.events`.

`docs/events/<type>.schema.json`, a new revision in `docs/events/history/` where a schema changed, and
`docs/asyncapi.yaml`. Nothing is written, and the exit code is 1, when a change breaks a reader
(docs/how-to/change-an-event.md). A test fails when the files are not what this would write.
"""

import sys

from adapters.contract.channels import Untold
from adapters.contract.gate import breaking, findings
from adapters.contract.landed import ROOT, NoSchemas, present, read
from adapters.contract.publishing import texts, without_sample
from domain.upcasting import UPCASTERS


def main() -> None:
    try:
        landed = read()
    except NoSchemas:
        landed = {}
    try:
        found = findings(landed, present(), UPCASTERS.keys())
    except Untold as error:
        sys.exit(str(error))
    for finding in found:
        print(f"{'BREAKS' if finding.breaks != 'nothing' else 'fine  '} {finding}")
    if breaking(found):
        sys.exit("Nothing was written: see docs/how-to/change-an-event.md.")
    for path, text in texts(landed).items():
        if not path.exists() or path.read_text() != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            print(f"{path.relative_to(ROOT)} written")
    for sample in without_sample(read()):
        print(f"{sample.relative_to(ROOT)} is missing: a record of this revision, kept for ever")


if __name__ == "__main__":
    main()

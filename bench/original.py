"""A peer: the algorithm of the original Export API, written anew from its description.

All rows are read into one pandas DataFrame and filtered there, the whole file is made as one
text, and the text goes into a zip at level 9. `python -m bench.original JSON` in a process of
its own. What came before it in the original, reading the lake with Spark, is left out.
"""

import json
import os
import subprocess
import sys
import time
import warnings
import zipfile
from pathlib import Path

from .measure import Run, answer, peak_memory

PACKAGES = ("pandas==3.1.1", "lxml")


def install(folder: Path) -> None:
    """Puts pandas where only this peer finds it. Raises CalledProcessError, e.g. without network.

    Where pandas can be imported pyarrow does so, which would cost the portal that is measured a
    second and 60 MB that it does not need otherwise.
    """
    if folder.exists():
        return
    draft = folder.with_name(f"{folder.name}.{os.getpid()}.part")
    uv = [str(Path(sys.executable).with_name("uv")), "pip", "install", "--quiet"]
    subprocess.run(  # noqa: S603  the portal's own uv
        [*uv, "--python", sys.executable, "--target", str(draft), *PACKAGES], check=True
    )
    draft.rename(folder)


def export(files: list[str], types: list[str], kind: str, target: str) -> Run:
    import pandas as pd  # pyright: ignore[reportMissingImports]

    warnings.simplefilter("ignore")  # times as numbers are a default that pandas will change
    begun = time.perf_counter()
    frame = pd.concat([pd.read_parquet(file) for file in files], ignore_index=True)
    frame = frame[frame["type"].isin(types)]
    match kind:
        case "csv":
            text = frame.to_csv(index=False)
        case "json":
            text = frame.to_json(orient="records")
        case _:
            text = frame.to_xml(index=False)
    assert text is not None
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr(f"export.{kind}", text)
        sent = archive.infolist()[0].compress_size
    seconds = time.perf_counter() - begun
    return Run(len(frame), seconds, text=len(text.encode()), sent=sent, peak=peak_memory())


if __name__ == "__main__":
    answer(export(**json.loads(sys.argv[1])))

"""Run a page in Chromium.

Needs a browser with `--headless`: `apt-get install chromium` (Debian), or any `google-chrome`.
"""

import html
import json
import re
import shutil
import subprocess

import pytest

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
needs_browser = pytest.mark.skipif(BROWSER is None, reason="needs Chromium: apt-get install chromium")


def run(page, tmp_path, script, *options):
    """Add a script to a page, and return the object `result` that the script fills. No error may be logged."""
    added = """<script>
    const complaints = [];
    addEventListener("error", (event) => complaints.push(event.message));
    </script>"""
    test = f"""<pre id="result"></pre><script>
    const result = {{}};
    try {{ {script} }} catch (error) {{ complaints.push(String(error.stack)); }}
    document.getElementById("result").textContent = JSON.stringify({{result, complaints}});
    </script>"""
    file = tmp_path / "page.html"
    file.write_text(page.replace("<head>", f"<head>{added}", 1).replace("</body>", f"{test}</body>"), encoding="utf-8")
    flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--enable-logging=stderr",
        f"--user-data-dir={tmp_path}/user",
    ]
    process = subprocess.run(
        [BROWSER, *flags, *options, "--dump-dom", file.as_uri()],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert "CONSOLE" not in process.stderr, process.stderr
    output = json.loads(html.unescape(re.search(r'<pre id="result">(.*?)</pre>', process.stdout, re.DOTALL)[1]))
    assert output["complaints"] == []
    return output["result"]

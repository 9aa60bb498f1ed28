"""README.md from nbs/index.ipynb: text, code with its printed output, and figures as files under
docs/images."""
import base64
import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def readme() -> tuple[str, dict[str, bytes]]:
    "The text of README.md, and {path: content} of its figures"
    parts, images = [], {}
    for cell in json.loads((ROOT / "nbs" / "index.ipynb").read_text("utf-8"))["cells"]:
        source = "".join(cell["source"]).strip()
        if cell["cell_type"] == "markdown":
            parts.append(re.sub(r"\]\((?=[\w-]+\.ipynb)", "](nbs/", source).replace("](../", "]("))
        if cell["cell_type"] != "code" or not source or re.match(r"#\s*\|\s*(hide|default_exp)\b",
                                                                 source):
            continue
        directives = dict(re.findall(r"^#\s*\|\s*([\w-]+):\s*(.*)$", source, re.M))
        code = "\n".join(line for line in source.splitlines() if not re.match(r"#\s*\|", line))
        if directives.get("echo") != "false":
            parts.append(f"```python\n{code}\n```")
        for output in cell["outputs"]:
            data = output.get("data", {})
            if "image/png" in data:
                path = f"docs/images/{directives.get('label', cell['id'])}.png"
                images[path] = base64.b64decode("".join(data["image/png"]))
                parts.append(f"![{directives.get('fig-cap', 'figure').strip(chr(34))}]({path})")
            elif text := "".join(output.get("text") or data.get("text/plain", "")).rstrip():
                parts.append(f"```text\n{text}\n```")
    return "\n\n".join(parts) + "\n", images


if __name__ == "__main__":
    text, images = readme()
    for path, content in images.items():
        (ROOT / path).parent.mkdir(exist_ok=True)
        (ROOT / path).write_bytes(content)
    (ROOT / "README.md").write_text(text, "utf-8")

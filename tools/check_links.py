"""Every link, image and #fragment of a built site points to something, and nothing is loaded from
the network: check_links.py FOLDER"""
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src",
          "video": "src", "object": "data"}


class Page(HTMLParser):
    "The ids of a page, its links, and what a browser loads with it"

    def __init__(self, path: Path):
        super().__init__()
        self.ids, self.links, self.loaded = set(), [], []
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.ids |= {attrs[key] for key in ("id", "name") if attrs.get(key)}
        target = attrs.get(LOADED.get(tag))
        if target and attrs.get("rel") != "canonical":
            self.loaded.append(target)
        elif tag == "a" and attrs.get("href"):
            self.links.append(attrs["href"])


def broken(root: Path):
    "What is wrong on each page of the site, as lines of text"
    pages = {path.resolve(): Page(path) for path in sorted(root.rglob("*.html"))}
    for path, page in pages.items():
        where = path.relative_to(root.resolve())
        for target in page.loaded:
            if urlsplit(target).netloc:
                yield f"{where}: loaded from the network: {target}"
        for target in dict.fromkeys(page.loaded + page.links):
            url = urlsplit(target)
            if url.scheme or url.netloc:
                continue
            file = (path.parent / unquote(url.path)).resolve() if url.path else path
            if not file.is_file():
                yield f"{where}: no file: {target}"
            elif (url.fragment and file in pages
                  and unquote(url.fragment) not in pages[file].ids | {"top"}):
                yield f"{where}: no such place: {target}"
    if not pages:
        yield f"{root}: no pages"
    for sheet in root.rglob("*.css"):
        text = sheet.read_text("utf-8")
        if "url(http" in text or "url(//" in text or "@import" in text:
            yield f"{sheet.relative_to(root)}: a style sheet loads from elsewhere"


if __name__ == "__main__":
    found = list(broken(Path(sys.argv[1])))
    print(*found, sep="\n", end="\n" * bool(found))
    sys.exit(bool(found))

"""Reads a report as a browser would: elements, texts, embedded tables and specifications."""

import json
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "br", "link", "img", "input", "hr"}


@dataclass
class Element:
    tag: str
    attributes: dict
    children: list = field(default_factory=list)

    @property
    def text(self):
        return "".join(one if isinstance(one, str) else one.text for one in self.children)

    def all(self, tag):
        for one in self.children:
            if isinstance(one, Element):
                if one.tag == tag:
                    yield one
                yield from one.all(tag)

    def __getitem__(self, identity):
        return next(one for one in self.walk() if one.attributes.get("id") == identity)

    def walk(self):
        yield self
        for one in self.children:
            if isinstance(one, Element):
                yield from one.walk()


class Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.root = Element("root", {})
        self.open = [self.root]

    def handle_starttag(self, tag, attrs):
        element = Element(tag, dict(attrs))
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag):
        assert self.open[-1].tag == tag, f"</{tag}> closes <{self.open[-1].tag}>"
        self.open.pop()

    def handle_data(self, data):
        self.open[-1].children.append(data)


def read(html):
    reader = Reader()
    reader.feed(html)
    assert reader.open == [reader.root], "every element is closed"
    return reader.root


def identities(page):
    return [one.attributes["id"] for one in page.walk() if "id" in one.attributes]


def specifications(page):
    names = [
        one.attributes["data-figure"] for one in page.walk() if "data-figure" in one.attributes
    ]
    return {name.removeprefix("spec-"): json.loads(page[name].text) for name in names}


def rows(page, name):
    columns = json.loads(page[f"table-{name}"].text)
    names = [column for column, _ in columns]
    return [
        dict(zip(names, one, strict=True))
        for one in zip(*(values for _, values in columns), strict=True)
    ]


def cells(page, name):
    return [
        [one.text for one in row.children if isinstance(one, Element)]
        for row in page[f"of-{name}"].all("tr")
    ]

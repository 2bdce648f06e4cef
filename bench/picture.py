"""The figures as one picture: bars in SVG, readable on light and dark pages."""

from collections.abc import Iterator, Sequence
from html import escape

_WIDTH, _BAR, _GAP, _LEFT, _RIGHT, _TOP = 780, 20, 16, 210, 190, 58
_COLOURS = {"ours": "#1f6feb", "limit": "#57a773", "peer": "#b0883b"}

Bar = tuple[str, str, float, str]  # name, kind of colour, length, words behind it


def bars(title: str, below: str, groups: Sequence[tuple[str, Sequence[Bar]]]) -> str:
    """A heading, a line below it and groups of bars of one scale, as an SVG document."""
    longest = max((bar[2] for _, group in groups for bar in group), default=1.0)
    scale = (_WIDTH - _LEFT - _RIGHT) / longest
    body, height = [], _TOP
    for name, group in groups:
        body.append(_text(10, height + 15, name, 'class="group"'))
        for bar in group:
            body += _bar(bar, height, scale)
            height += _BAR + 4
        height += _GAP
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
            f'role="img" font-family="sans-serif" font-size="13">',
            f"<title>{escape(title)}</title>",
            "<style>text { fill: #24292f } .small { font-size: 11px } "
            ".group, .title { font-weight: bold } .title { font-size: 16px }</style>",
            f'<rect width="{_WIDTH}" height="{height}" rx="6" fill="#ffffff"/>',
            _text(10, 24, title, 'class="title"'),
            _text(10, 43, below, 'class="small"'),
            *body,
            "</svg>\n",
        ]
    )


def _bar(bar: Bar, top: float, scale: float) -> Iterator[str]:
    name, kind, length, words = bar
    width = max(1.0, length * scale)
    yield _text(_LEFT - 8, top + 15, name, 'text-anchor="end"')
    yield (
        f'<rect x="{_LEFT}" y="{top}" width="{width:.1f}" height="{_BAR}" rx="2" '
        f'fill="{_COLOURS[kind]}"/>'
    )
    yield _text(_LEFT + width + 6, top + 15, words, 'class="small"')


def _text(x: float, y: float, words: str, attributes: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {attributes}>{escape(words)}</text>'

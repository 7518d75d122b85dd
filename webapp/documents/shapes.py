"""Lines and areas as PDF path operators."""

from __future__ import annotations

from collections.abc import Iterable

from webapp.documents.writer import colour_operands


def rectangle(x: float, y: float, width: float, height: float) -> str:
    return f"{x:.3f} {y:.3f} {width:.3f} {height:.3f} re"


def polyline(points: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:.2f} {y:.2f} {'l' if index else 'm'}" for index, (x, y) in enumerate(points))


def painted(outline: str, fill: str, stroke: str, line: float) -> str:
    said = f"{colour_operands(fill)} rg " if fill else ""
    said += f"{colour_operands(stroke)} RG {line:g} w " if stroke else ""
    paint = {(True, True): "B", (True, False): "f", (False, True): "S"}.get((bool(fill), bool(stroke)), "n")
    return f"{said}{outline} {paint}"


def rounded(x: float, y: float, width: float, height: float, radius: float) -> str:
    bend = radius * 0.4477  # where a curve of Bézier's leaves the corner of a circle
    right, top = x + width, y + height
    return (
        f"{x + radius:.2f} {y:.2f} m {right - radius:.2f} {y:.2f} l "
        f"{right - bend:.2f} {y:.2f} {right:.2f} {y + bend:.2f} {right:.2f} {y + radius:.2f} c "
        f"{right:.2f} {top - radius:.2f} l "
        f"{right:.2f} {top - bend:.2f} {right - bend:.2f} {top:.2f} {right - radius:.2f} {top:.2f} c "
        f"{x + radius:.2f} {top:.2f} l "
        f"{x + bend:.2f} {top:.2f} {x:.2f} {top - bend:.2f} {x:.2f} {top - radius:.2f} c "
        f"{x:.2f} {y + radius:.2f} l "
        f"{x:.2f} {y + bend:.2f} {x + bend:.2f} {y:.2f} {x + radius:.2f} {y:.2f} c h"
    )

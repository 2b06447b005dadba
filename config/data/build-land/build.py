#!/usr/bin/env python3
"""Builds land.path, the outline of the continents in an SVG path of whole degrees
from the corner at 180° W, 84° N, from npm's world-atlas 2.0.2
(Natural Earth, public domain).

    npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz
    build.py package/land-110m.json > ../land.path
"""

import json
import sys

NORTH = 84
SOUTH = -58
MIN_AREA = 3


def rings(atlas):
    """The rings of the land in degrees."""
    (sx, sy), (tx, ty) = atlas["transform"]["scale"], atlas["transform"]["translate"]
    arcs = []
    for arc in atlas["arcs"]:
        x = y = 0
        points = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            points.append((x * sx + tx, y * sy + ty))
        arcs.append(points)

    def joined(indexes):
        points = []
        for index in indexes:
            arc = arcs[index] if index >= 0 else arcs[~index][::-1]
            points += arc[1:] if points else arc
        return points

    def polygons(geometry):
        for part in geometry.get("geometries", []):
            yield from polygons(part)
        if geometry["type"] == "MultiPolygon":
            yield from geometry["arcs"]
        elif geometry["type"] == "Polygon":
            yield geometry["arcs"]

    return [joined(ring) for polygon in polygons(atlas["objects"]["land"]) for ring in polygon]


def unrolled(ring):
    """The points of a ring without jumps of 360 degrees, most of them on the map."""
    points = []
    turns = 0
    for index, (longitude, latitude) in enumerate(ring):
        jump = longitude - ring[max(index - 1, 0)][0]
        turns += (jump < -180) - (jump > 180)
        points.append((longitude + 360 * turns, latitude))
    center = sum(longitude for longitude, _ in points) / len(points)
    shift = -360 * round(center / 360)
    return [(longitude + shift, latitude) for longitude, latitude in points]


def corners(ring):
    """The points in whole degrees, without those between two others on a line.

    A ring goes on beyond the antimeridian, off the map, instead of back around the world."""
    points = []
    for longitude, latitude in unrolled(ring):
        point = (round(longitude) + 180, NORTH - round(max(latitude, SOUTH)))
        if not points or points[-1] != point:
            points.append(point)
    if len(points) > 1 and points[0] == points[-1]:
        points.pop()

    def is_corner(index):
        (ax, ay), (x, y), (bx, by) = points[index - 1], points[index], points[(index + 1) % len(points)]
        return (x - ax) * (by - y) != (y - ay) * (bx - x)

    return [point for index, point in enumerate(points) if is_corner(index)]


def area(points):
    pairs = zip(points, points[1:] + points[:1])
    return abs(sum(ax * by - bx * ay for (ax, ay), (bx, by) in pairs)) / 2


def path(points):
    (x, y), *others = points
    text = f"M{x} {y}l"
    for index, (next_x, next_y) in enumerate(others):
        dx, dy = next_x - x, next_y - y
        x, y = next_x, next_y
        text += ("" if index == 0 or dx < 0 else " ") + str(dx) + ("" if dy < 0 else " ") + str(dy)
    return text + "z"


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        atlas = json.load(file)
    for ring in rings(atlas):
        if max(latitude for _, latitude in ring) < SOUTH:
            continue
        points = corners(ring)
        width = max((x for x, _ in points), default=0) - min((x for x, _ in points), default=0)
        # An island on the antimeridian would become a line around the world.
        if len(points) >= 3 and area(points) >= MIN_AREA and not (width > 350 and len(points) < 9):
            print(path(points), end="")


main()
print()

//! A map of the world with points on it (equirectangular projection).

use super::{HEAD, Room, fill};
use crate::{
    MAX_ITEMS, MapPoint,
    render::picture::svg::{Anchor, Canvas, Length::Px, truncate, typical_width},
};

/// Outline of the continents: an SVG path in degrees from the north-west corner of the map.
const LAND: &str = include_str!("../../../../../../config/data/land.path");

/// Size of the map in degrees, from 84° N to 58° S.
const SIZE: (f64, f64) = (360.0, 142.0);
/// Height of the map.
const HEIGHT: f64 = 170.0;
/// Font size of a label, in degrees.
const FONT: u8 = 10;
/// Radius of a point, in degrees.
const RADIUS: f64 = 3.0;
/// Longest label, in columns.
const MAX_LABEL: usize = 24;

/// A label's place on the map: left, top, right, bottom.
type Area = (f64, f64, f64, f64);

/// Draws the map; returns the height of the chart.
pub(super) fn draw(canvas: &mut Canvas, points: &[MapPoint], room: Room) -> f64 {
    let mut map = Canvas::default();
    map.path("p-grid", LAND.trim_end());

    let shown: Vec<&MapPoint> = points
        .iter()
        .filter(|point| point.is_drawable())
        .take(MAX_ITEMS)
        .collect();
    // The first points are the most important: their labels are placed first, and their dots drawn last.
    let mut taken: Vec<Area> = shown.iter().map(|point| dot(point)).collect();
    for point in &shown {
        label(&mut map, point, &mut taken);
    }
    for point in shown.iter().rev() {
        let (left, top, ..) = dot(point);
        let size = 2.0 * RADIUS;
        map.rect(fill(point.severity), (Px(left), top), (Px(size), size), 3);
    }

    let height = room
        .height
        .map_or(HEIGHT, |most| (most - HEAD).clamp(60.0, HEIGHT));
    canvas.scaled(HEAD, height, SIZE, map);
    HEAD + height
}

/// Degrees from the north-west corner of the map.
fn position(point: &MapPoint) -> (f64, f64) {
    (point.longitude + 180.0, 84.0 - point.latitude)
}

fn dot(point: &MapPoint) -> Area {
    let (x, y) = position(point);
    (x - RADIUS, y - RADIUS, x + RADIUS, y + RADIUS)
}

/// Writes the label of a point beside it, where nothing else is; a point without room for one has none.
fn label(map: &mut Canvas, point: &MapPoint, taken: &mut Vec<Area>) {
    let text = truncate(&point.label, MAX_LABEL);
    let width = typical_width(&text, FONT);
    let height = f64::from(FONT);
    let (left, top, right, bottom) = dot(point);
    let (x, middle) = position(point);
    let places = [
        (
            right + 1.0,
            middle - height / 2.0,
            Anchor::Start,
            right + 1.0,
        ),
        (
            left - 1.0 - width,
            middle - height / 2.0,
            Anchor::End,
            left - 1.0,
        ),
        (x - width / 2.0, top - height - 1.0, Anchor::Middle, x),
        (x - width / 2.0, bottom + 1.0, Anchor::Middle, x),
    ];

    let (map_width, map_height) = SIZE;
    let free = places.into_iter().find_map(|(left, top, anchor, at)| {
        let area = (left, top, left + width, top + height);
        let is_inside =
            area.0 >= 0.0 && area.2 <= map_width && area.1 >= 0.0 && area.3 <= map_height;
        let is_free = !taken.iter().any(|other| overlap(area, *other));
        (is_inside && is_free).then_some((area, anchor, at))
    });
    if let Some((area, anchor, at)) = free {
        // The baseline is a fifth above the lower edge.
        let baseline = area.3 - height / 5.0;
        map.text("p-text", (Px(at), baseline), anchor, FONT, &text);
        taken.push(area);
    }
}

fn overlap(one: Area, other: Area) -> bool {
    one.0 < other.2 && other.0 < one.2 && one.1 < other.3 && other.1 < one.3
}

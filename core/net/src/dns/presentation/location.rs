//! LOC records (RFC 1876): a place on Earth.

use super::fields::Reader;

/// The equator and the prime meridian, in thousandths of a second of arc.
const ORIGIN: u32 = 1 << 31;
/// Thousandths of a second of arc in a degree.
const DEGREE: u32 = 3_600_000;
/// Height of the reference spheroid above the base of altitudes, in centimeters.
const BASE: i64 = 10_000_000;

/// Latitude, longitude, altitude, size and precision: `42 21 54.000 N 71 6 18.000 W -24.00m 30m 10000m 10m`.
pub(super) fn location(reader: &mut Reader) -> Option<String> {
    let version = reader.u8()?;
    let [size, horizontal, vertical] = [reader.u8()?, reader.u8()?, reader.u8()?];
    let (latitude, longitude, altitude) = (reader.u32()?, reader.u32()?, reader.u32()?);
    // Version 0 is the only one.
    if version != 0 {
        return None;
    }

    Some(format!(
        "{} {} {} {} {} {}",
        angle(latitude, 90, ["N", "S"])?,
        angle(longitude, 180, ["E", "W"])?,
        meters(i64::from(altitude) - BASE),
        precision(size)?,
        precision(horizontal)?,
        precision(vertical)?,
    ))
}

/// Degrees, minutes and seconds with the direction. `None` beyond `limit` degrees.
fn angle(value: u32, limit: u32, [positive, negative]: [&str; 2]) -> Option<String> {
    let direction = if value >= ORIGIN { positive } else { negative };
    let distance = value.abs_diff(ORIGIN);
    if distance > limit * DEGREE {
        return None;
    }

    let (degrees, rest) = (distance / DEGREE, distance % DEGREE);
    let (minutes, thousandths) = (rest / 60_000, rest % 60_000);
    let (seconds, thousandths) = (thousandths / 1000, thousandths % 1000);
    Some(format!(
        "{degrees} {minutes} {seconds}.{thousandths:03} {direction}"
    ))
}

/// Centimeters as meters with two decimals.
fn meters(centimeters: i64) -> String {
    let sign = if centimeters < 0 { "-" } else { "" };
    let distance = centimeters.unsigned_abs();
    format!("{sign}{}.{:02}m", distance / 100, distance % 100)
}

/// A size as a digit and a power of ten in centimeters (RFC 1876 §2), in whole meters where possible.
fn precision(value: u8) -> Option<String> {
    let (base, exponent) = (u64::from(value >> 4), u32::from(value & 0x0f));
    if base > 9 || exponent > 9 {
        return None;
    }
    let centimeters = base * 10_u64.pow(exponent);
    Some(if exponent >= 2 {
        format!("{}m", centimeters / 100)
    } else {
        format!("0.{centimeters:02}m")
    })
}

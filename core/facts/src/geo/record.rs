//! One database record, in any of the common layouts.
//!
//! MaxMind and DB-IP nest (`country.iso_code`, `city.names.en`, `subdivisions[0]`), the community databases are flat
//! (`country_code`, `state1`, numbers sometimes as text), and IPinfo has field names of its own. A field of an
//! unexpected type is skipped and does not fail the record, because operators bring their own databases.

use std::{fmt, marker::PhantomData};

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The fields of a record, borrowed from the database. Names are in English.
#[derive(Debug, Default, PartialEq)]
pub(super) struct GeoRecord<'a> {
    pub(super) country_code: Option<&'a str>,
    pub(super) country_name: Option<&'a str>,
    pub(super) region: Option<&'a str>,
    pub(super) city: Option<&'a str>,
    pub(super) postal: Option<&'a str>,
    pub(super) latitude: Option<f64>,
    pub(super) longitude: Option<f64>,
    pub(super) accuracy_km: Option<f64>,
    pub(super) time_zone: Option<&'a str>,
    pub(super) asn: Option<u32>,
    pub(super) organization: Option<&'a str>,
}

impl GeoRecord<'_> {
    /// Whether the record has none of the fields that this program uses.
    pub(super) fn is_empty(&self) -> bool {
        *self == GeoRecord::default()
    }
}

/// Any value, reduced to the parts that a record uses: a leaf, or the named members of a map.
#[derive(Default)]
struct Value<'a> {
    text: Option<&'a str>,
    number: Option<f64>,
    code: Option<&'a str>,
    record: GeoRecord<'a>,
}

impl<'a> Value<'a> {
    /// The display name: a plain string, or `names.en` or `name` of a map.
    fn name(&self) -> Option<&'a str> {
        self.text.filter(|text| !text.is_empty())
    }

    fn degrees(&self, limit: f64) -> Option<f64> {
        let number = self.number.or_else(|| self.text?.trim().parse().ok())?;
        (number.is_finite() && number.abs() <= limit).then_some(number)
    }

    fn as_number(&self) -> Option<u32> {
        if let Some(number) = self.number {
            return (number >= 1.0 && number <= f64::from(u32::MAX)).then_some(number as u32);
        }
        let text = self.text?.trim();
        let digits = text
            .strip_prefix("AS")
            .or_else(|| text.strip_prefix("as"))
            .unwrap_or(text);
        digits.parse().ok().filter(|&number| number != 0)
    }
}

impl<'a> GeoRecord<'a> {
    /// Reads one top-level field. A later field never overwrites an earlier one.
    fn take<A: MapAccess<'a>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "country_code" | "country_iso_code" | "cc" | "country_name" | "country"
            | "registered_country" => self.read_country(key, map)?,
            "latitude" | "lat" | "longitude" | "lng" | "lon" | "accuracy_radius" => {
                self.read_position(key, map)?;
            }
            "subdivisions" => {
                let first = map.next_value::<First>()?.0;
                set_if_empty(&mut self.region, first.and_then(|value| value.name()));
            }
            "region" | "region_name" | "state1" | "state" | "subdivision" => {
                set_if_empty(&mut self.region, map.next_value::<Value>()?.name());
            }
            "city" | "city_name" => set_if_empty(&mut self.city, map.next_value::<Value>()?.name()),
            "postal" => {
                let value = map.next_value::<Value>()?;
                set_if_empty(&mut self.postal, value.code.or(value.name()));
            }
            "postcode" | "postal_code" | "zip_code" | "zip" => {
                set_if_empty(&mut self.postal, map.next_value::<Value>()?.name());
            }
            "location" | "traits" => self.merge_nested(map.next_value::<Value>()?.record),
            "time_zone" | "timezone" => {
                set_if_empty(&mut self.time_zone, map.next_value::<Value>()?.name());
            }
            "autonomous_system_number" | "as_number" | "asn" => {
                set_if_empty(&mut self.asn, map.next_value::<Value>()?.as_number());
            }
            "autonomous_system_organization" | "as_organization" | "as_name" | "as_org" => {
                set_if_empty(&mut self.organization, map.next_value::<Value>()?.name());
            }
            _ => {
                map.next_value::<IgnoredAny>()?;
            }
        }

        Ok(())
    }

    fn read_country<A: MapAccess<'a>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        let value = map.next_value::<Value>()?;

        match key {
            "country_name" => set_if_empty(&mut self.country_name, value.name()),
            "country" => {
                set_if_empty(&mut self.country_code, code(value.code.or(value.text)));
                // IPinfo's smaller files have the code here, its "lite" file the name.
                let name = value.name().filter(|name| code(Some(name)).is_none());
                set_if_empty(&mut self.country_name, name);
            }
            // Country of the registration; a fallback for the country of use.
            "registered_country" => {
                set_if_empty(&mut self.country_code, code(value.code));
                set_if_empty(&mut self.country_name, value.name());
            }
            _ => set_if_empty(&mut self.country_code, code(value.name())),
        }

        Ok(())
    }

    fn read_position<A: MapAccess<'a>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        let value = map.next_value::<Value>()?;
        match key {
            "latitude" | "lat" => set_if_empty(&mut self.latitude, value.degrees(90.0)),
            "accuracy_radius" => set_if_empty(&mut self.accuracy_km, value.degrees(20_038.0)),
            _ => set_if_empty(&mut self.longitude, value.degrees(180.0)),
        }
        Ok(())
    }

    /// Merges the fields that MaxMind nests below `location` and `traits`.
    fn merge_nested(&mut self, inner: GeoRecord<'a>) {
        set_if_empty(&mut self.latitude, inner.latitude);
        set_if_empty(&mut self.longitude, inner.longitude);
        set_if_empty(&mut self.accuracy_km, inner.accuracy_km);
        set_if_empty(&mut self.time_zone, inner.time_zone);
        set_if_empty(&mut self.asn, inner.asn);
        set_if_empty(&mut self.organization, inner.organization);
    }
}

/// Sets a field that is still empty.
fn set_if_empty<T>(field: &mut Option<T>, value: Option<T>) {
    if field.is_none() {
        *field = value;
    }
}

/// The text if it is a two-letter code.
fn code(text: Option<&str>) -> Option<&str> {
    text.filter(|text| text.len() == 2 && text.bytes().all(|letter| letter.is_ascii_alphabetic()))
}

impl<'de: 'a, 'a> Deserialize<'de> for GeoRecord<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Top<'a>(PhantomData<&'a ()>);
        impl<'de: 'a, 'a> Visitor<'de> for Top<'a> {
            type Value = GeoRecord<'de>;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut record = GeoRecord::default();
                while let Some(key) = map.next_key::<&str>()? {
                    record.take(key, &mut map)?;
                }
                Ok(record)
            }
        }
        deserializer.deserialize_map(Top(PhantomData))
    }
}

/// The first element of a list. For subdivisions this is the largest one.
struct First<'a>(Option<Value<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for First<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(Any { list: true })
            .map(|value| First(Some(value)))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Value<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any { list: false })
    }
}

struct Any {
    list: bool,
}

impl<'de> Visitor<'de> for Any {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Value<'de>, E> {
        Ok(Value {
            text: Some(text),
            ..Value::default()
        })
    }

    fn visit_str<E>(self, _: &str) -> Result<Value<'de>, E> {
        Ok(Value::default())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value<'de>, E> {
        Ok(Value {
            number: Some(number),
            ..Value::default()
        })
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value<'de>, E> {
        Ok(Value {
            number: Some(number as f64),
            ..Value::default()
        })
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value<'de>, E> {
        Ok(Value {
            number: Some(number as f64),
            ..Value::default()
        })
    }

    fn visit_u128<E>(self, _: u128) -> Result<Value<'de>, E> {
        Ok(Value::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Value<'de>, E> {
        Ok(Value::default())
    }

    fn visit_borrowed_bytes<E>(self, _: &'de [u8]) -> Result<Value<'de>, E> {
        Ok(Value::default())
    }

    fn visit_bytes<E>(self, _: &[u8]) -> Result<Value<'de>, E> {
        Ok(Value::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value<'de>, A::Error> {
        let first = if self.list {
            list.next_element()?
        } else {
            None
        };
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(first.unwrap_or_default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value<'de>, A::Error> {
        let mut value = Value::default();
        while let Some(key) = map.next_key::<&str>()? {
            match key {
                "iso_code" | "code" => value.code = map.next_value::<Value>()?.text,
                "names" => value.text = map.next_value::<English>()?.0.or(value.text),
                "name" => value.text = value.text.or(map.next_value::<Value>()?.text),
                "latitude"
                | "longitude"
                | "accuracy_radius"
                | "time_zone"
                | "autonomous_system_number"
                | "autonomous_system_organization" => value.record.take(key, &mut map)?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(value)
    }
}

/// The `en` member of a `names` map.
struct English<'a>(Option<&'a str>);

impl<'de: 'a, 'a> Deserialize<'de> for English<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Names;
        impl<'de> Visitor<'de> for Names {
            type Value = Option<&'de str>;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("names by language")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut english = None;
                while let Some(key) = map.next_key::<&str>()? {
                    if key == "en" {
                        english = map.next_value::<Value>()?.text;
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(english)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(None)
            }

            fn visit_borrowed_str<E>(self, _: &'de str) -> Result<Self::Value, E> {
                Ok(None)
            }

            fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
                Ok(None)
            }

            fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
                Ok(None)
            }

            fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
                Ok(None)
            }
        }

        deserializer.deserialize_any(Names).map(English)
    }
}

#[cfg(test)]
mod tests;

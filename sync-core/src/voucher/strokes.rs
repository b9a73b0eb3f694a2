//! The drawn signature: strokes of a pen or finger, quantised so that a proof stays small.
//!
//! A drawing comes from the device as JSON ([`Drawing`]), is quantised to quarter pixels, four milliseconds
//! and 64 steps of pressure, and is stored as differences from point to point, about four bytes each. The
//! signature is over the quantised strokes; [`Strokes::to_drawing`] gives them back for showing.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::ids::Digest;
use crate::{DecodeError, limits, wire};

const DOMAIN: &str = "docket-strokes-1";
/// Units in a pixel.
const PER_PIXEL: f64 = 4.0;
/// Milliseconds in a unit of time.
const MS_PER_UNIT: f64 = 4.0;
/// Steps of pressure.
const PRESSURE_MAX: f64 = 64.0;
/// Longest side of a canvas in pixels.
const CANVAS_MAX: f64 = 4_096.0;
/// Longest drawing in units of time: one hour.
const TIME_MAX: f64 = 900_000.0;

/// A drawing as a device makes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Drawing {
    /// Width of the canvas in pixels, 1 to 4,096.
    pub width: f64,
    /// Height of the canvas in pixels, 1 to 4,096.
    pub height: f64,
    /// Strokes in the order they were drawn.
    pub strokes: Vec<Vec<DrawnPoint>>,
}

/// One point of a drawing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DrawnPoint {
    /// Pixels from the left.
    pub x: f64,
    /// Pixels from the top.
    pub y: f64,
    /// Milliseconds, from any start.
    #[serde(default)]
    pub t: f64,
    /// Pressure from 0 to 1; 0.5 where the device feels none.
    #[serde(default = "no_pressure", alias = "p")]
    pub pressure: f64,
}

fn no_pressure() -> f64 {
    0.5
}

/// One point, quantised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// Quarter pixels from the left.
    pub x: i32,
    /// Quarter pixels from the top.
    pub y: i32,
    /// Units of four milliseconds since the first point.
    pub t: i32,
    /// Pressure from 0 to 64.
    pub pressure: i32,
}

/// A quantised drawing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Strokes {
    /// Width of the canvas in pixels.
    pub width: u16,
    /// Height of the canvas in pixels.
    pub height: u16,
    /// Strokes in the order they were drawn.
    pub strokes: Vec<Vec<Point>>,
}

/// Why a drawing is no signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StrokesError {
    /// The drawing is not of the shape that [`Drawing`] has.
    #[error("the drawing cannot be read: {0}")]
    Json(String),
    /// The canvas has no size, or a side longer than 4,096 pixels.
    #[error("the canvas must measure 1 to 4096 pixels on each side")]
    Canvas,
    /// Fewer than two points were drawn.
    #[error("nothing was drawn")]
    Empty,
    /// It does not fit even with the ends of each stroke only.
    #[error("the drawing has {bytes} bytes, at most {max}")]
    TooLarge {
        /// Bytes it has.
        bytes: usize,
        /// Bytes it may have.
        max: usize,
    },
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct StrokesWire {
    #[n(0)]
    domain: String,
    #[n(1)]
    width: u16,
    #[n(2)]
    height: u16,
    #[n(3)]
    strokes: Vec<minicbor::bytes::ByteVec>,
}

impl Strokes {
    /// Reads and quantises a drawing.
    ///
    /// # Errors
    /// When it is not a drawing, is larger than [`limits::DRAWING_BYTES_MAX`], has no canvas or no points.
    pub fn from_json(json: &[u8]) -> Result<Self, StrokesError> {
        if json.len() > limits::DRAWING_BYTES_MAX {
            return Err(StrokesError::TooLarge { bytes: json.len(), max: limits::DRAWING_BYTES_MAX });
        }
        let drawing = serde_json::from_slice(json).map_err(|error| StrokesError::Json(error.to_string()))?;
        Self::from_drawing(&drawing)
    }

    /// Quantises a drawing. Points outside the canvas are moved to its edge.
    ///
    /// # Errors
    /// When it has no canvas or no points.
    pub fn from_drawing(drawing: &Drawing) -> Result<Self, StrokesError> {
        let sides = [drawing.width, drawing.height];
        if sides.iter().any(|side| !(1.0..=CANVAS_MAX).contains(side)) {
            return Err(StrokesError::Canvas);
        }
        let first = drawing.strokes.iter().flatten().next().ok_or(StrokesError::Empty)?.t;
        let quantised = |point: &DrawnPoint| Point {
            x: whole(point.x * PER_PIXEL, drawing.width * PER_PIXEL),
            y: whole(point.y * PER_PIXEL, drawing.height * PER_PIXEL),
            t: whole((point.t - first) / MS_PER_UNIT, TIME_MAX),
            pressure: whole(point.pressure * PRESSURE_MAX, PRESSURE_MAX),
        };
        let drawn = drawing.strokes.iter().filter(|stroke| !stroke.is_empty());
        let strokes: Vec<Vec<Point>> = drawn.map(|stroke| stroke.iter().map(quantised).collect()).collect();
        if strokes.iter().map(Vec::len).sum::<usize>() < 2 {
            return Err(StrokesError::Empty);
        }
        let side = |side: f64| u16::try_from(whole(side, CANVAS_MAX)).unwrap_or(u16::MAX);
        Ok(Self { width: side(drawing.width), height: side(drawing.height), strokes })
    }

    /// The drawing for showing: pixels, milliseconds since the first point, pressure from 0 to 1.
    #[must_use]
    pub fn to_drawing(&self) -> Drawing {
        let shown = |point: &Point| DrawnPoint {
            x: f64::from(point.x) / PER_PIXEL,
            y: f64::from(point.y) / PER_PIXEL,
            t: f64::from(point.t) * MS_PER_UNIT,
            pressure: f64::from(point.pressure) / PRESSURE_MAX,
        };
        let strokes = self.strokes.iter().map(|stroke| stroke.iter().map(shown).collect()).collect();
        Drawing { width: self.width.into(), height: self.height.into(), strokes }
    }

    /// The same drawing in at most `max` bytes: every second point inside a stroke is left out, as often as
    /// it takes.
    ///
    /// # Errors
    /// When the ends of all strokes alone are too large.
    pub fn fitted(mut self, max: usize) -> Result<Self, StrokesError> {
        loop {
            let bytes = self.to_bytes().len();
            if bytes <= max {
                return Ok(self);
            }
            if self.strokes.iter().all(|stroke| stroke.len() <= 2) {
                return Err(StrokesError::TooLarge { bytes, max });
            }
            for stroke in &mut self.strokes {
                let last = stroke.len().saturating_sub(1);
                let mut index = 0_usize..;
                stroke.retain(|_| index.next().is_some_and(|index| index % 2 == 0 || index == last));
                if stroke.len() == 3 {
                    stroke.remove(1);
                }
            }
        }
    }

    /// BLAKE3 of the bytes.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest(*blake3::hash(&self.to_bytes()).as_bytes())
    }

    /// Deterministic CBOR with one byte string for each stroke.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut before = [0; 4];
        let strokes = self.strokes.iter().map(|stroke| {
            let mut bytes = Vec::new();
            for point in stroke {
                let now = [point.x, point.y, point.t, point.pressure];
                for (value, before) in now.into_iter().zip(before) {
                    push_difference(&mut bytes, i64::from(value).saturating_sub(i64::from(before)));
                }
                before = now;
            }
            bytes.into()
        });
        let strokes = strokes.collect();
        wire::encode(&StrokesWire { domain: DOMAIN.to_owned(), width: self.width, height: self.height, strokes })
    }

    /// Reads the bytes.
    ///
    /// # Errors
    /// When they are not of the layout or not the shortest form of what they say.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        const WHAT: &str = "strokes";
        if bytes.len() > limits::PROOF_BYTES_MAX {
            return Err(DecodeError::new(WHAT, format!("{} bytes, at most {}", bytes.len(), limits::PROOF_BYTES_MAX)));
        }
        let read: StrokesWire = wire::decode(WHAT, bytes)?;
        if read.domain != DOMAIN {
            return Err(DecodeError::new(WHAT, format!("not of the format {DOMAIN}")));
        }
        let mut before = [0_i32; 4];
        let mut strokes = Vec::new();
        for stroke in &read.strokes {
            strokes.push(read_stroke(stroke, &mut before).ok_or_else(|| DecodeError::new(WHAT, "a point is damaged"))?);
        }
        let strokes = Self { width: read.width, height: read.height, strokes };
        if strokes.to_bytes() == bytes { Ok(strokes) } else { Err(DecodeError::new(WHAT, "not deterministic")) }
    }
}

/// The nearest whole number from 0 to `max`.
#[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "clamped to the range of i32 before")]
fn whole(value: f64, max: f64) -> i32 {
    value.round().clamp(0.0, max.min(f64::from(i32::MAX))) as i32
}

/// A signed number: zigzag, then seven bits a byte, low first (LEB128).
fn push_difference(bytes: &mut Vec<u8>, difference: i64) {
    let mut rest = u64::from_ne_bytes(((difference << 1) ^ (difference >> 63)).to_ne_bytes());
    loop {
        let low = u8::try_from(rest & 0x7f).unwrap_or(0);
        rest >>= 7;
        if rest == 0 {
            bytes.push(low);
            return;
        }
        bytes.push(low | 0x80);
    }
}

fn read_difference(bytes: &mut impl Iterator<Item = u8>) -> Option<i64> {
    let mut number = 0_u64;
    // Differences of 32-bit numbers need at most five bytes.
    for shift in [0, 7, 14, 21, 28] {
        let byte = bytes.next()?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            let magnitude = i64::try_from(number >> 1).ok()?;
            return Some(if number & 1 == 0 { magnitude } else { !magnitude });
        }
    }
    None
}

fn read_stroke(bytes: &[u8], before: &mut [i32; 4]) -> Option<Vec<Point>> {
    let mut bytes = bytes.iter().copied().peekable();
    let mut stroke = Vec::new();
    while bytes.peek().is_some() {
        for value in before.iter_mut() {
            let now = i64::from(*value).checked_add(read_difference(&mut bytes)?)?;
            *value = i32::try_from(now).ok()?;
        }
        let [x, y, t, pressure] = *before;
        stroke.push(Point { x, y, t, pressure });
    }
    Some(stroke)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A signature of `points` points in three strokes, as a finger draws it on a phone.
    pub(crate) fn sample(points: u32) -> Drawing {
        let stroke = |from: u32| {
            let point = |step: u32| {
                let angle = f64::from(step) / 9.0;
                let (x, y) = (40.0 + f64::from(step) * 0.7 + 9.0 * angle.sin(), 90.0 + 38.0 * (angle * 1.7).cos());
                let t = 1_763_700_000_000.0 + (f64::from(from) * 400.0 + f64::from(step)) * 8.0;
                DrawnPoint { x: x + f64::from(from) * 90.0, y, t, pressure: 0.4 + 0.2 * angle.sin() }
            };
            (0..points / 3).map(point).collect()
        };
        Drawing { width: 600.0, height: 220.0, strokes: (0..3).map(stroke).collect() }
    }

    #[test]
    fn a_drawing_keeps_its_shape_in_four_bytes_a_point() {
        let drawing = sample(600);
        let strokes = Strokes::from_drawing(&drawing).unwrap();
        let bytes = strokes.to_bytes();
        assert!(bytes.len() < 600 * 5, "{} bytes", bytes.len());
        assert_eq!(Strokes::from_bytes(&bytes).unwrap(), strokes);
        let shown = strokes.to_drawing();
        let first = drawing.strokes[0][0].t;
        for (drawn, shown) in drawing.strokes.iter().flatten().zip(shown.strokes.iter().flatten()) {
            assert!((drawn.x - shown.x).abs() <= 0.125 && (drawn.y - shown.y).abs() <= 0.125);
            assert!((drawn.t - first - shown.t).abs() <= 2.0);
            assert!((drawn.pressure - shown.pressure).abs() <= 1.0 / 128.0);
        }
        assert_eq!(Strokes::from_drawing(&shown).unwrap(), strokes, "quantising again changes nothing");
    }

    #[test]
    fn a_large_drawing_is_thinned_until_it_fits_and_keeps_its_ends() {
        let strokes = Strokes::from_drawing(&sample(9_000)).unwrap();
        let ends = |strokes: &Strokes| -> Vec<_> { strokes.strokes.iter().map(|s| (s[0], s[s.len() - 1])).collect() };
        let fitted = strokes.clone().fitted(4_000).unwrap();
        assert!(fitted.to_bytes().len() <= 4_000 && fitted.to_bytes().len() > 1_000);
        assert_eq!(ends(&fitted), ends(&strokes));
        assert!(matches!(strokes.fitted(20), Err(StrokesError::TooLarge { max: 20, .. })));
    }

    #[test]
    fn what_is_no_signature_is_refused() {
        let check = |json: &str, expected: &str| {
            assert!(Strokes::from_json(json.as_bytes()).unwrap_err().to_string().contains(expected), "{json}");
        };
        check("{}", "cannot be read");
        check(r#"{"width":0,"height":10,"strokes":[[{"x":1,"y":1}]]}"#, "canvas");
        check(r#"{"width":1e9,"height":10,"strokes":[[{"x":1,"y":1}]]}"#, "canvas");
        check(r#"{"width":10,"height":10,"strokes":[]}"#, "nothing was drawn");
        check(r#"{"width":10,"height":10,"strokes":[[],[{"x":1,"y":1}]]}"#, "nothing was drawn");
        let json = br#"{"width":10,"height":10,"strokes":[[{"x":-5,"y":1,"t":9,"p":2},{"x":1e300,"y":1}]]}"#;
        let strokes = Strokes::from_json(json).unwrap();
        assert_eq!(strokes.strokes[0][0], Point { x: 0, y: 4, t: 0, pressure: 64 });
        assert_eq!(strokes.strokes[0][1], Point { x: 40, y: 4, t: 0, pressure: 32 });
        assert!(Strokes::from_json(&vec![b' '; limits::DRAWING_BYTES_MAX + 1]).is_err());
    }

    #[test]
    fn every_cut_and_every_padded_number_is_an_error() {
        let bytes = Strokes::from_drawing(&sample(30)).unwrap().to_bytes();
        for cut in 0..bytes.len() {
            assert!(Strokes::from_bytes(&bytes[..cut]).is_err(), "cut at {cut}");
        }
        let padded = StrokesWire {
            domain: DOMAIN.to_owned(),
            width: 1,
            height: 1,
            strokes: vec![vec![0x80, 0, 0, 0, 0].into()],
        };
        assert!(Strokes::from_bytes(&wire::encode(&padded)).is_err());
    }

    proptest! {
        #[test]
        fn any_strokes_survive_their_bytes(points in proptest::collection::vec(
            proptest::collection::vec((0..16_384_i32, 0..16_384_i32, 0..900_000_i32, 0..65_i32), 0..40), 0..6)) {
            let strokes = points.into_iter().map(|stroke| {
                stroke.into_iter().map(|(x, y, t, pressure)| Point { x, y, t, pressure }).collect()
            }).collect();
            let strokes = Strokes { width: 4_096, height: 4_096, strokes };
            prop_assert_eq!(Strokes::from_bytes(&strokes.to_bytes()).unwrap(), strokes);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut framed = wire::encode(&(DOMAIN, 1_u8, 1_u8, [minicbor::bytes::ByteVec::from(bytes.clone())]));
            if let Ok(strokes) = Strokes::from_bytes(&framed) {
                prop_assert_eq!(strokes.to_bytes(), framed.clone());
            }
            framed.extend(&bytes);
            prop_assert!(bytes.is_empty() || Strokes::from_bytes(&framed).is_err());
        }
    }
}

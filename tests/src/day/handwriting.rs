//! Drawn signatures: for each name its own strokes, the same every time. Not handwriting, but it looks like some.

use docket_sync_core::voucher::strokes::{Drawing, DrawnPoint, Strokes, StrokesError};

use crate::random::Random;

/// Width and height of the canvas.
const CANVAS: (f64, f64) = (600.0, 200.0);

/// Characters that are drawn; of a longer name the beginning.
const CHARACTERS_MAX: usize = 12;

/// The strokes of a name.
///
/// # Errors
/// When the name has nothing to draw.
pub fn signature(name: &str) -> Result<Strokes, StrokesError> {
    let characters: Vec<char> = name.chars().filter(|char| !char.is_whitespace()).take(CHARACTERS_MAX).collect();
    let places: u32 = u32::try_from(characters.len()).unwrap_or(1).max(1);
    let width = CANVAS.0 * 0.9 / f64::from(places);
    let mut time = 0.0;
    let mut strokes = Vec::new();
    for (place, character) in (0_u32..).zip(characters) {
        let left = CANVAS.0.mul_add(0.05, width * f64::from(place));
        // A character is drawn the same way in every name.
        let mut hand = Random::from_seed(u64::from(u32::from(character)));
        for _ in 0..hand.between(2, 4) {
            strokes.push(stroke(&mut hand, left, width, &mut time));
        }
    }
    Strokes::from_drawing(&Drawing { width: CANVAS.0, height: CANVAS.1, strokes })
}

/// One bent line inside the box of a character.
fn stroke(hand: &mut Random, left: f64, width: f64, time: &mut f64) -> Vec<DrawnPoint> {
    let mut share = || f64::from(u32::try_from(hand.below(1_000)).unwrap_or(0)) / 1_000.0;
    let [from_x, from_y, to_x, to_y, bend] = [share(), share(), share(), share(), share() - 0.5];
    let points = 9_u32;
    let drawn = (0..=points).map(|point| {
        let way = f64::from(point) / f64::from(points);
        let arc = bend * (core::f64::consts::PI * way).sin();
        let x = width.mul_add((to_x - from_x).mul_add(way, from_x), left);
        let y = CANVAS.1 * 0.6f64.mul_add((to_y - from_y).mul_add(way, from_y) + arc * 0.5, 0.2).clamp(0.02, 0.98);
        *time += 14.0;
        DrawnPoint { x, y, t: *time, pressure: 0.5f64.mul_add((core::f64::consts::PI * way).sin(), 0.3) }
    });
    let drawn = drawn.collect();
    *time += 120.0;
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_has_its_own_strokes_and_always_the_same() {
        let drawn = |name| signature(name).unwrap();
        assert_eq!(drawn("陈静"), drawn("陈静"));
        assert_ne!(drawn("陈静"), drawn("静陈"));
        assert!(drawn("Alice Turner").to_bytes().len() < 8 * 1024);
        assert!(signature("  ").is_err());
    }
}

//! Codes read back from what is seen of them: a browser shows each image as a phone does, and a decoder that shares
//! nothing with the encoder reads the picture.

use std::path::{Path, PathBuf};
use std::time::Duration;

use docket_harness::world::Trouble;

use crate::http_api::browser::script;

/// How long the browser may take for all pictures.
const PICTURES: Duration = Duration::from_secs(60);

/// The text of the one code that each file shows: an image (SVG), or a page with a code on it (HTML).
pub(crate) async fn scanned(files: &[PathBuf]) -> Result<Vec<String>, Trouble> {
    let arguments: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
    script("codes.mjs", &arguments, PICTURES).await?;
    let picture = |file: &PathBuf| read(&image::open(format!("{}.png", file.display()))?.to_luma8());
    files.iter().map(picture).collect()
}

/// What a terminal prints of a code: two modules a character, the upper one first.
pub(crate) fn scanned_from_terminal(printed: &str) -> Result<String, Trouble> {
    const SCALE: u32 = 4;
    let modules: Vec<[Vec<bool>; 2]> = printed
        .lines()
        .map(|line| {
            let halves = line.chars().map(|char| match char {
                '\u{2588}' => (false, false),
                '\u{2580}' => (false, true),
                '\u{2584}' => (true, false),
                _ => (true, true),
            });
            let (upper, lower): (Vec<bool>, Vec<bool>) = halves.unzip();
            [upper, lower]
        })
        .collect();
    let rows: Vec<&Vec<bool>> = modules.iter().flatten().collect();
    let width = rows.first().map_or(0, |row| row.len());
    let side = |count: usize| u32::try_from(count).unwrap_or(u32::MAX).saturating_mul(SCALE);
    let picture = image::GrayImage::from_fn(side(width), side(rows.len()), |x, y| {
        let at = |pixel: u32| usize::try_from(pixel / SCALE).unwrap_or(usize::MAX);
        let dark = rows.get(at(y)).and_then(|row| row.get(at(x))).copied().unwrap_or(false);
        image::Luma([if dark { 0 } else { 255 }])
    });
    read(&picture)
}

fn read(picture: &image::GrayImage) -> Result<String, Trouble> {
    let [width, height] = [picture.width(), picture.height()].map(|side| usize::try_from(side).unwrap_or(0));
    let level = |x: usize, y: usize| {
        let at = |pixel: usize| u32::try_from(pixel).unwrap_or(u32::MAX);
        picture.get_pixel_checked(at(x), at(y)).map_or(u8::MAX, |pixel| pixel.0[0])
    };
    let mut prepared = rqrr::PreparedImage::prepare_from_greyscale(width, height, level);
    let codes = prepared.detect_grids();
    let [code] = codes.as_slice() else { return Err(format!("{} codes in the picture", codes.len()).into()) };
    Ok(code.decode()?.1)
}

//! Small forms of photos: made by one thread off every request's path, kept beside the files, made again when lost.
//!
//! A small form is drawn anew from the pixels: turned as the camera says, and without place, time and whatever else the
//! camera wrote. What a picture may cost is bounded before it is decoded; one that cannot be decoded has no small form
//! and harms nothing.

use std::collections::BTreeSet;
use std::io::{self, Cursor};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use docket_sync_core::ids::BlobId;
use docket_sync_core::limits::ATTACHMENT_BYTES_MAX;
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder as _, ImageReader, Limits as ImageLimits};
use tokio::sync::Notify;

use super::blobs::{BlobStore, make_private};
use super::limits::{DECODE_BYTES_MAX, PIXELS_MAX, SIDE_MAX, THUMBNAIL_SIDE, THUMBNAILS_WAITING};

/// How long somebody who asks waits for one that is being made.
const PATIENCE: Duration = Duration::from_secs(8);

/// Quality of a small form, 1 to 100.
const QUALITY: u8 = 78;

/// Files that have no small form, remembered so that they are not tried again and again.
const IMPOSSIBLE_MAX: usize = 10_000;

/// What came of asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Small {
    /// Here it is, JPEG.
    Made(Vec<u8>),
    /// The file is no picture that can be drawn.
    Impossible,
    /// Too many are asked for.
    Waiting,
}

/// Small forms and the thread that makes them; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Thumbnails {
    shared: Arc<Shared>,
    wanted: SyncSender<BlobId>,
}

#[derive(Debug)]
struct Shared {
    folder: PathBuf,
    blobs: Arc<dyn BlobStore>,
    impossible: Mutex<BTreeSet<BlobId>>,
    made: Notify,
}

impl Thumbnails {
    pub(super) fn start(folder: PathBuf, blobs: Arc<dyn BlobStore>) -> io::Result<Self> {
        make_private(&folder)?;
        let shared = Arc::new(Shared { folder, blobs, impossible: Mutex::default(), made: Notify::new() });
        let (wanted, waiting) = sync_channel(THUMBNAILS_WAITING);
        let work = shared.clone();
        std::thread::Builder::new().name("thumbnails".to_owned()).spawn(move || work.run(&waiting))?;
        Ok(Self { shared, wanted })
    }

    /// Asks for one to be made; a full queue forgets it, and whoever looks at the photo asks again.
    pub(crate) fn want(&self, blob: BlobId) {
        let _full = self.wanted.try_send(blob);
    }

    /// The small form of a file; waits a little where it is being made.
    pub(crate) async fn get(&self, blob: BlobId, most: u64) -> Small {
        let path = self.shared.path(blob);
        let waiting = async {
            loop {
                let made = self.shared.made.notified();
                if let Ok(bytes) = read(path.clone(), most).await {
                    return Small::Made(bytes);
                }
                if self.shared.is_impossible(blob) {
                    return Small::Impossible;
                }
                self.want(blob);
                made.await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.unwrap_or(Small::Waiting)
    }

    /// Removes the small form of a file that is gone.
    pub(crate) fn remove(&self, blob: BlobId) -> io::Result<()> {
        match std::fs::remove_file(self.shared.path(blob)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

async fn read(path: PathBuf, most: u64) -> io::Result<Vec<u8>> {
    let joined = tokio::task::spawn_blocking(move || {
        if std::fs::metadata(&path)?.len() > most {
            Err(io::ErrorKind::FileTooLarge.into())
        } else {
            std::fs::read(path)
        }
    });
    joined.await.map_err(io::Error::other)?
}

impl Shared {
    fn path(&self, blob: BlobId) -> PathBuf {
        self.folder.join(format!("{blob}.jpg"))
    }

    fn is_impossible(&self, blob: BlobId) -> bool {
        self.impossible.lock().unwrap_or_else(PoisonError::into_inner).contains(&blob)
    }

    fn run(&self, waiting: &Receiver<BlobId>) {
        for blob in waiting {
            let path = self.path(blob);
            if !path.exists() && !self.is_impossible(blob) {
                // A decoder that panics on hostile bytes costs this picture and nothing else.
                let made = catch_unwind(AssertUnwindSafe(|| self.make(blob, &path)));
                let problem = match made {
                    Ok(Ok(())) => None,
                    Ok(Err(problem)) => Some(problem),
                    Err(_panic) => Some("the decoder panicked".to_owned()),
                };
                if let Some(problem) = problem {
                    tracing::info!(%blob, problem, "an attachment has no small form");
                    let mut impossible = self.impossible.lock().unwrap_or_else(PoisonError::into_inner);
                    while impossible.len() >= IMPOSSIBLE_MAX {
                        impossible.pop_first();
                    }
                    impossible.insert(blob);
                }
            }
            self.made.notify_waiters();
        }
    }

    fn make(&self, blob: BlobId, path: &Path) -> Result<(), String> {
        let bytes = self.blobs.read(blob, 0, ATTACHMENT_BYTES_MAX).map_err(|error| error.to_string())?;
        let small = draw(&bytes.ok_or("the file is not here")?).map_err(|error| error.to_string())?;
        let new = path.with_extension("new");
        let written = std::fs::write(&new, small).and_then(|()| std::fs::rename(&new, path));
        written.map_err(|error| error.to_string())
    }
}

/// Why there is no small form.
#[derive(Debug, thiserror::Error)]
enum DrawError {
    #[error("{0}")]
    Image(#[from] image::ImageError),
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("the picture has {width} x {height} pixels, more than are decoded")]
    TooLarge { width: u32, height: u32 },
}

/// Draws the small form of a picture, JPEG.
fn draw(bytes: &[u8]) -> Result<Vec<u8>, DrawError> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
    let mut limits = ImageLimits::default();
    limits.max_image_width = Some(SIDE_MAX);
    limits.max_image_height = Some(SIDE_MAX);
    limits.max_alloc = Some(DECODE_BYTES_MAX);
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    let (width, height) = decoder.dimensions();
    if u64::from(width).saturating_mul(u64::from(height)) > PIXELS_MAX {
        return Err(DrawError::TooLarge { width, height });
    }
    // What the camera says of its position is a hint: a picture without it is shown as it is.
    let orientation = decoder.orientation().unwrap_or(image::metadata::Orientation::NoTransforms);
    let picture = DynamicImage::from_decoder(decoder)?;
    let mut small =
        if width.max(height) > THUMBNAIL_SIDE { picture.thumbnail(THUMBNAIL_SIDE, THUMBNAIL_SIDE) } else { picture };
    small.apply_orientation(orientation);
    let mut out = Vec::new();
    small.to_rgb8().write_with_encoder(JpegEncoder::new_with_quality(&mut out, QUALITY))?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use image::{ImageEncoder as _, Rgb, RgbImage};

    use super::*;

    /// A JPEG whose left half is red, with an EXIF block that says how the camera was held and where it was.
    fn photo(orientation: u8) -> Vec<u8> {
        let mut picture = RgbImage::new(1_200, 600);
        for (x, _, pixel) in picture.enumerate_pixels_mut() {
            *pixel = if x < 600 { Rgb([220, 10, 10]) } else { Rgb([10, 10, 220]) };
        }
        // TIFF: one entry, Orientation (0x0112), SHORT; behind it words that stand for a place.
        let mut exif = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
        exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
        exif.extend(b"31.2304N 121.4737E");
        let mut bytes = Vec::new();
        let mut encoder = JpegEncoder::new(&mut bytes);
        encoder.set_exif_metadata(exif).unwrap();
        encoder.encode_image(&picture).unwrap();
        assert!(contains(&bytes, b"121.4737E"));
        bytes
    }

    fn contains(bytes: &[u8], words: &[u8]) -> bool {
        bytes.windows(words.len()).any(|window| window == words)
    }

    #[test]
    fn a_small_form_stands_upright_and_says_nothing_of_place_and_camera() {
        let small = draw(&photo(1)).unwrap();
        let picture = image::load_from_memory(&small).unwrap().to_rgb8();
        assert_eq!(picture.dimensions(), (480, 240));
        assert!(picture.get_pixel(20, 120)[0] > 150 && picture.get_pixel(460, 120)[2] > 150);
        assert!(!contains(&small, b"Exif") && !contains(&small, b"121.4737E"));
        // 6: the camera was turned a quarter; the red half is at the top.
        let turned = image::load_from_memory(&draw(&photo(6)).unwrap()).unwrap().to_rgb8();
        assert_eq!(turned.dimensions(), (240, 480));
        assert!(turned.get_pixel(120, 20)[0] > 150 && turned.get_pixel(120, 460)[2] > 150);
    }

    #[test]
    fn a_bomb_is_refused_before_it_is_unpacked() {
        // 60,000 x 60,000 pixels in a few bytes: a valid PNG head.
        let mut bomb = Vec::new();
        let encoder = image::codecs::png::PngEncoder::new(&mut bomb);
        encoder.write_image(&[0; 4], 2, 2, image::ExtendedColorType::L8).unwrap();
        let size = 60_000_u32.to_be_bytes();
        bomb.splice(16..24, [size, size].concat());
        let sum = crc(&bomb[12..29]);
        bomb.splice(29..33, sum.to_be_bytes());
        assert!(matches!(draw(&bomb), Err(DrawError::Image(_) | DrawError::TooLarge { .. })));
        // Within the sides, beyond the pixels.
        let (width, height) = (16_000_u32.to_be_bytes(), 15_000_u32.to_be_bytes());
        bomb.splice(16..24, [width, height].concat());
        let sum = crc(&bomb[12..29]);
        bomb.splice(29..33, sum.to_be_bytes());
        assert!(matches!(draw(&bomb), Err(DrawError::TooLarge { width: 16_000, height: 15_000 })));
        for bytes in [&b""[..], b"\xff\xd8\xff\xe0", b"RIFF\xff\xff\xff\xffWEBPVP8 ", &photo(1)[..400]] {
            assert!(draw(bytes).is_err());
        }
    }

    /// CRC-32 of a PNG chunk.
    fn crc(bytes: &[u8]) -> u32 {
        let mut crc = u32::MAX;
        for byte in bytes {
            crc ^= u32::from(*byte);
            for _ in 0..8 {
                crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
            }
        }
        !crc
    }
}

//! The browser of the browser tests: an installed Chrome or Chromium, or Debian's.

use std::path::{Path, PathBuf};

use super::system;
use crate::failure::Failure;
use crate::tool;

const NAMES: &[&str] = &["chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome"];

/// Places outside the PATH.
const PLACES: &[&str] = &[
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];

/// Where Debian's fonts-noto-cjk puts its fonts: without them Chinese is boxes.
const CHINESE_FONT: &str = "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc";

/// The browser's program; installs it on Debian as root.
pub(crate) fn ready() -> Result<PathBuf, Failure> {
    if let Some(named) = std::env::var_os("DOCKET_CHROMIUM") {
        let named = PathBuf::from(named);
        return if named.is_file() {
            Ok(named)
        } else {
            Err(Failure::new(
                format!("DOCKET_CHROMIUM names {}, which is no file", named.display()),
                "correct it or unset it",
            ))
        };
    }
    let mut packages = Vec::new();
    if installed().is_none() {
        packages.push("chromium");
    }
    if !Path::new(CHINESE_FONT).exists() {
        packages.push("fonts-noto-cjk");
    }
    if !packages.is_empty() && system::can_install() {
        system::install(&packages)?;
    }
    installed().ok_or_else(|| {
        Failure::new(
            "the browser tests need Chrome or Chromium, and none was found",
            "install Chromium or Chrome, or set DOCKET_CHROMIUM to its program, then run this again",
        )
    })
}

fn installed() -> Option<PathBuf> {
    tool::find_on_path(NAMES).or_else(|| PLACES.iter().map(PathBuf::from).find(|place| place.is_file()))
}

//! Which media are taken, judged by their first bytes: what a sender calls a file says nothing.

macro_rules! media {
    ($($(#[$doc:meta])* $name:ident = $media:literal $extension:literal;)*) => {
        /// A medium that may be attached.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum MediaType { $($(#[$doc])* $name),* }

        impl MediaType {
            /// Every medium.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Its registered name (RFC 6838).
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $media),* }
            }

            /// The ending of a file name.
            #[must_use]
            pub fn extension(self) -> &'static str {
                match self { $(Self::$name => $extension),* }
            }
        }
    };
}

media! {
    /// What most cameras write.
    Jpeg = "image/jpeg" "jpg";
    /// Screenshots and scans.
    Png = "image/png" "png";
    /// Smaller photos of newer phones.
    Webp = "image/webp" "webp";
    /// Photos of phones that are told nothing else; the office sees no small form of them.
    Heic = "image/heic" "heic";
    /// Scans of several pages.
    Pdf = "application/pdf" "pdf";
    /// Voice notes.
    Mp4Audio = "audio/mp4" "m4a";
    /// Voice notes.
    Ogg = "audio/ogg" "ogg";
}

impl MediaType {
    /// Bytes that suffice to tell the medium.
    pub const HEAD_BYTES: usize = 16;

    /// The medium that a file with these first bytes is.
    #[must_use]
    pub fn of_content(head: &[u8]) -> Option<Self> {
        let at = |from: usize, magic: &[u8]| head.get(from..).is_some_and(|rest| rest.starts_with(magic));
        let brand = |brands: &[&[u8]]| at(4, b"ftyp") && brands.iter().any(|brand| at(8, brand));
        if at(0, b"\xff\xd8\xff") {
            Some(Self::Jpeg)
        } else if at(0, b"\x89PNG\r\n\x1a\n") {
            Some(Self::Png)
        } else if at(0, b"RIFF") && at(8, b"WEBP") {
            Some(Self::Webp)
        } else if brand(&[b"heic", b"heix", b"mif1", b"heim", b"heis"]) {
            Some(Self::Heic)
        } else if at(0, b"%PDF-") {
            Some(Self::Pdf)
        } else if brand(&[b"M4A ", b"M4B "]) {
            Some(Self::Mp4Audio)
        } else if at(0, b"OggS") {
            Some(Self::Ogg)
        } else {
            None
        }
    }

    /// The medium with this registered name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|medium| medium.name() == name)
    }

    /// Whether the office makes a small form of it.
    #[must_use]
    pub fn has_thumbnail(self) -> bool {
        matches!(self, Self::Jpeg | Self::Png | Self::Webp)
    }

    /// Whether a browser shows it without running anything of it.
    #[must_use]
    pub fn is_shown_inline(self) -> bool {
        matches!(self, Self::Jpeg | Self::Png | Self::Webp)
    }

    /// Every name, for messages.
    pub(super) fn names() -> String {
        Self::ALL.iter().map(|medium| medium.name()).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_tells_the_medium() {
        let cases: &[(&[u8], Option<MediaType>)] = &[
            (b"\xff\xd8\xff\xe1", Some(MediaType::Jpeg)),
            (b"\x89PNG\r\n\x1a\n", Some(MediaType::Png)),
            (b"RIFF\x10\0\0\0WEBPVP8 ", Some(MediaType::Webp)),
            (b"\0\0\0\x18ftypheic", Some(MediaType::Heic)),
            (b"%PDF-1.7", Some(MediaType::Pdf)),
            (b"\0\0\0\x18ftypM4A ", Some(MediaType::Mp4Audio)),
            (b"OggS\0\x02", Some(MediaType::Ogg)),
            (b"RIFF\x10\0\0\0WAVEfmt ", None),
            (b"<svg xmlns=", None),
            (b"GIF89a", None),
            (b"MZ", None),
            (b"\xff\xd8", None),
            (b"", None),
        ];
        for (head, expected) in cases {
            assert!(head.len() <= MediaType::HEAD_BYTES);
            assert_eq!(MediaType::of_content(head), *expected, "{head:?}");
        }
    }

    #[test]
    fn names_are_read_again() {
        for medium in MediaType::ALL {
            assert_eq!(MediaType::from_name(medium.name()), Some(*medium));
        }
        assert_eq!(MediaType::from_name("text/html"), None);
    }
}

//! Every bound of the core, with its reason. A bound may be tightened by a server's Welcome, never widened.

/// Largest fact in bytes: a change is refused above it (a note is at most 8 KiB, a voucher is a blob).
pub const FACT_BYTES_MAX: usize = 64 * 1024;

/// Facts one document may hold: a fold of this many stays under 50 ms.
pub const FACTS_PER_DOCUMENT_MAX: usize = 10_000;

/// Bytes of the facts that one order may hold: it travels whole in one message, with what goes beside it. A note is
/// some hundred bytes, a signature three thousand.
pub const DOCUMENT_BYTES_MAX: usize = 2 * 1024 * 1024 + DOCUMENT_BYTES_OF_OFFICE;

/// Of these, bytes that devices leave free: the office can still plan, close and decide on an order that one filled.
pub const DOCUMENT_BYTES_OF_OFFICE: usize = 256 * 1024;

/// Actors one document may know: each costs a row in every table of heads.
pub const ACTORS_PER_DOCUMENT_MAX: usize = 1_000;

/// Facts one fact may name as seen: normally one or two; merging many branches needs more.
pub const SEEN_MAX: usize = 256;

/// Witnesses of one fact: both sides, the supervisor, somebody of the customer's.
pub const WITNESSES_MAX: usize = 8;

/// One-time codes of one approver that are good at the same time.
pub const APPROVAL_CODES_MAX: usize = 100;

/// Numbers in one block of receipts: two months of a busy technician.
pub const BLOCK_NUMBERS_MAX: u64 = 500;

/// Longest note in bytes of UTF-8 (table 4.4 of the life of a work order).
pub const NOTE_BYTES_MAX: usize = 8 * 1024;

/// Longest short text (names, reasons, captions) in bytes of UTF-8.
pub const TEXT_BYTES_MAX: usize = 2 * 1024;

/// Items in one list inside a fact or voucher.
pub const LIST_MAX: usize = 1_000;

/// Largest reference record in bytes: a policy with its terms in two languages is the largest kind.
pub const REFERENCE_BYTES_MAX: usize = 64 * 1024;

/// Largest certificate in bytes: a device shared by a whole shift lists some dozens of people.
pub const CERTIFICATE_BYTES_MAX: usize = 16 * 1024;

/// Largest proof (voucher with salts and strokes) in bytes.
pub const PROOF_BYTES_MAX: usize = 32 * 1024;

/// Largest voucher inside a proof in bytes: strokes, name and opinion need the rest.
pub const VOUCHER_BYTES_MAX: usize = 24 * 1024;

/// Largest drawing that a device hands over for one signature, in bytes of JSON.
pub const DRAWING_BYTES_MAX: usize = 1024 * 1024;

/// Largest customer's copy in bytes: a proof, the sign fact, a certificate.
pub const COPY_BYTES_MAX: usize = PROOF_BYTES_MAX + FACT_BYTES_MAX + CERTIFICATE_BYTES_MAX;

/// Largest customer's copy as a page: its bytes in base64, and what it shows, each character escaped.
pub const COPY_PAGE_BYTES_MAX: usize = 6 * COPY_BYTES_MAX;

/// Largest message in bytes, before and after decompression of what one frame needs.
pub const MESSAGE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Aim for the first batch of a session in uncompressed bytes: a handful of orders, soon on the screen.
pub const FIRST_BATCH_BYTES: usize = 16 * 1024;

/// Aim for each later batch: every message is compressed by itself, and this is within 4 % of one stream (a
/// third of it within 9 %); a cut sends at most one again, and one is all that a pull holds in memory.
pub const BATCH_BYTES: usize = 768 * 1024;

/// Documents in one push or batch.
pub const DOCUMENTS_PER_FRAME_MAX: usize = 2_000;

/// Records of one push: more travel in a further push.
pub const RECORDS_PER_PUSH_MAX: usize = 5_000;

/// Frames in one message.
pub const FRAMES_PER_MESSAGE_MAX: usize = 64;

/// Largest bundle in bytes, as a file and unpacked: the open orders of a week, with their signatures.
pub const BUNDLE_BYTES_MAX: usize = 3 * 1024 * 1024;

/// Frames in one bundle: a push for each receipt of its orders, a certificate for each witness.
pub const BUNDLE_FRAMES_MAX: usize = 1_024;

/// QR codes of one bundle: 200 KB, some five minutes in front of a screen.
pub const BUNDLE_PARTS_MAX: usize = 256;

/// Pushes that one device carries for others until its next sync.
pub const CARRIED_PUSHES_MAX: usize = 2_048;

/// Bytes that one device carries for others until its next sync.
pub const CARRIED_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Levels of nested CBOR in anything that comes from outside; the deepest frame has 11.
pub const NESTING_MAX: usize = 16;

/// CBOR items in one message, fact or proof: an item of one byte costs up to 60 bytes in memory, and a push of
/// the most records has some 30,000.
pub const ITEMS_MAX: usize = 200_000;

/// Milliseconds by which a phone's clock may be off before what it claimed has low confidence.
pub const CLOCK_OFF_MS: i64 = 5 * crate::time::MINUTE;

/// Milliseconds by which a remote hybrid time may be ahead and still be followed; beyond it a fact whose
/// `lo` is later than its arrival is quarantined (`TIME_AHEAD`).
pub const HYBRID_AHEAD_MAX_MS: i64 = 5 * crate::time::MINUTE;

/// Milliseconds that a phone's clock may be ahead when it makes the id of an order: twenty years.
pub const CLOCK_AHEAD_MAX_MS: i64 = 20 * 366 * crate::time::DAY;

/// Sane time of a change: not before 2000-01-01 and not after 2200-01-01.
pub const TIME_MIN: crate::time::UnixMillis = crate::time::UnixMillis(946_684_800_000);
/// Latest sane time of a change.
pub const TIME_MAX: crate::time::UnixMillis = crate::time::UnixMillis(7_258_118_400_000);

/// Quarantined items kept for one device before `QUARANTINE_FULL`.
pub const QUARANTINE_ITEMS_PER_DEVICE_MAX: usize = 1_000;
/// Quarantined bytes kept for one device before `QUARANTINE_FULL`.
pub const QUARANTINE_BYTES_PER_DEVICE_MAX: usize = 16 * 1024 * 1024;

/// Largest attachment in bytes: a photo of a phone at its best, a scan of some pages, ten minutes of speech.
pub const ATTACHMENT_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// Bytes that a device sends of an attachment in one request: a cut over a weak signal costs at most these again.
pub const ATTACHMENT_CHUNK_BYTES: usize = 256 * 1024;

/// Longest metadata of one upload in bytes: two digests, a file name in three bytes a letter, encoded.
pub const ATTACHMENT_METADATA_BYTES_MAX: usize = 4 * 1024;

/// Longest file name of an attachment in bytes of UTF-8.
pub const ATTACHMENT_NAME_BYTES_MAX: usize = 255;

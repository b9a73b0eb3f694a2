//! Makes sure that the folder of the office page exists, so that a plain `cargo build` works in a fresh clone.
//!
//! The page itself is built by `cargo xtask setup`, never here: a Rust build runs no npm. When the folder
//! changes, Cargo compiles the server again and so embeds the new page.

use std::path::Path;

/// Recognised by the set-up as "not built yet".
const STAND_IN: &str = "<!doctype html>
<!-- docket-stand-in -->
<html lang=\"en\">
<meta charset=\"utf-8\">
<title>Docket</title>
<p>The office page is not built yet. Run <code>cargo xtask setup</code>, then build the server again.</p>
<p lang=\"zh\">办公室页面尚未构建。请运行 <code>cargo xtask setup</code>，然后重新构建服务器。</p>
</html>
";

fn main() -> std::io::Result<()> {
    println!("cargo::rerun-if-changed=web/dist");
    let folder = Path::new("web/dist");
    let page = folder.join("index.html");
    if !page.exists() {
        std::fs::create_dir_all(folder)?;
        std::fs::write(page, STAND_IN)?;
    }
    Ok(())
}

//! Folders that older programs left are served by this one. They lie in `tests/kept`, each file compressed: format 1 is
//! the engine alone, format 2 was made by the last program of that format.

use std::fs;
use std::path::Path;

use docket_harness::office::{Office, PASSWORD};
use docket_harness::world::Trouble;
use serde_json::json;

use crate::network::setting::rest;

fn unpack(from: &Path, to: &Path) -> Result<(), Trouble> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).ok_or("a name")?;
        match name.strip_suffix(".zst") {
            Some(name) => fs::write(to.join(name), zstd::decode_all(fs::File::open(&path)?)?)?,
            None => unpack(&path, &to.join(name))?,
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_folder_of_every_format_is_served_and_then_refused_by_its_old_program() -> Result<(), Trouble> {
    for format in [1, 2] {
        let mut office = Office::without_store()?;
        let data = office.data();
        let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("kept/format-{format}"));
        unpack(&kept, Path::new(&data))?;
        for _ in 0..2 {
            let address = office.serve().await?;
            let given = json!({"login": "chen", "password": PASSWORD});
            let logged_in = rest(address, "POST", "/api/login", None, Some(&given)).await?;
            assert_eq!(logged_in.status, 200, "format {format}: {}", logged_in.body);
            let orders = rest(address, "GET", "/api/orders", logged_in.cookie.as_deref(), None).await?;
            let text = orders.body.to_string();
            assert!(text.contains("不制冷") && text.contains("漏水"), "format {format}: {text}");
            assert!(office.stop().await?.success());
        }
        let store = Path::new(&data).join("store");
        assert_eq!(fs::read_to_string(store.join("format"))?, "3\n");
        let names: Vec<String> =
            fs::read_dir(&store)?.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
        let copies = names.iter().filter(|name| name.starts_with("sled.format-1-")).count();
        assert_eq!(copies, usize::from(format == 1), "{names:?}");
    }
    Ok(())
}

//! Files that were not made in good faith, or not by an editor of text.

use super::*;
use proptest::prelude::*;

#[test]
fn a_byte_order_mark_is_no_part_of_the_text() {
    let world = World::new("\u{feff}passthrough = 1\n");
    assert_eq!(world.problems(), ["floopy.toml:1:15: passthrough: `1` is a whole number; expected true or false"]);
    assert!(World::new("\u{feff}passthrough = true\r\n").load().unwrap().config.passthrough);
}

#[test]
fn bytes_that_are_no_text_have_a_place() {
    assert_eq!(World::of_bytes(b"a = 1\nb = \"\xc3\x28\"").problems(), ["floopy.toml:2:6: is not UTF-8 text"]);
    assert_eq!(World::of_bytes(b"\xff\xfep\0a\0").problems(), ["floopy.toml:1:1: is UTF-16 text; save it as UTF-8"]);
    assert_eq!(World::new("a = \"\0\"").problems().len(), 1);
}

#[test]
fn a_key_cannot_steer_the_terminal() {
    let found = World::new("\"\\u001b[2J\" = 1\n").problems();
    assert!(found.len() == 1 && !found[0].contains('\u{1b}'), "{found:?}");
}

#[test]
fn columns_count_characters() {
    let found = World::new("[server]\nlisten = \"é\" # ü\n\"ключ\" = 1\n").problems();
    assert!(found[0].starts_with("floopy.toml:2:10:"), "{found:#?}");
    assert!(found[1].starts_with("floopy.toml:3:1: server.ключ:"), "{found:#?}");
}

#[test]
fn a_huge_file_is_refused_unread() {
    let world = World::of_bytes(&vec![b'#'; (1 << 20) + 1]);
    assert_eq!(world.problems(), ["floopy.toml: is longer than 1048576 bytes"]);
    assert!(World::of_bytes(&vec![b'#'; 1 << 20]).load().is_ok());
}

#[test]
fn deep_nesting_is_refused_in_every_form() {
    let deep = 200_000;
    for text in [
        format!("{}a = 1", "a.".repeat(deep)),
        format!("[{}a]\nb = 1", "a.".repeat(deep)),
        format!("a = {}1{}", "[".repeat(deep), "]".repeat(deep)),
        format!("a = {}1{}", "{a=".repeat(deep), "}".repeat(deep)),
        format!("{}a = 1", "a.".repeat(70)),
        format!("[provider.openai.headers.{}x]", "a.".repeat(40)),
    ] {
        let found = World::new(&text).with(KEYS).problems();
        assert!(!found.is_empty() && found.len() < 5, "{}", found.len());
        assert!(found.iter().all(|problem| problem.len() < 1000), "{}", found[0].len());
    }
}

#[test]
fn many_mistakes_are_read_in_reasonable_time() {
    let text: String = (0..20_000).map(|n| format!("k{n} = {n}\n")).collect();
    let start = std::time::Instant::now();
    assert_eq!(World::new(&text).problems().len(), 20_000);
    assert!(start.elapsed() < std::time::Duration::from_secs(20), "{:?}", start.elapsed());
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_what_is_no_file_is_refused() {
    let world = World::new("passthrough = true\n");
    std::os::unix::fs::symlink(world.path("floopy.toml"), world.path("link.toml")).unwrap();
    std::os::unix::fs::symlink(world.path("nowhere"), world.path("dangling.toml")).unwrap();
    std::os::unix::fs::symlink(world.path("loop.toml"), world.path("loop.toml")).unwrap();
    let load = |name: &str| load(&Sources { file: Some(world.path(name)), ..Sources::default() });
    assert!(load("link.toml").unwrap().config.passthrough);
    assert!(load("dangling.toml").unwrap_err().to_string().ends_with("does not exist"));
    assert!(load("loop.toml").unwrap_err().to_string().contains("cannot be read"));
    for path in ["/dev/zero", "/"] {
        let sources = Sources { file: Some(path.into()), ..Sources::default() };
        assert!(super::load(&sources).unwrap_err().to_string().ends_with("is not a regular file"));
    }
}

#[cfg(unix)]
#[test]
fn a_link_to_nowhere_at_the_usual_place_is_not_overlooked() {
    let world = World::new("");
    std::fs::remove_file(world.path("floopy.toml")).unwrap();
    std::os::unix::fs::symlink("nowhere", world.path("floopy.toml")).unwrap();
    assert_eq!(world.problems(), ["floopy.toml: does not exist"]);
}

#[cfg(unix)]
#[test]
fn variables_that_are_no_text_are_named() {
    use std::os::unix::ffi::OsStringExt;
    let bad = std::ffi::OsString::from_vec(vec![0xff]);
    let mut world = World::new("[provider.openai]\napi_key = \"env:BAD\"\n");
    world.sources.environment = [("BAD", bad.clone()), ("FLOOPY_STORE__PATH", bad)].into_iter().collect();
    let found = world.problems();
    assert_eq!(found[0], "floopy.toml:2:11: provider.openai.api_key: the environment variable BAD is not UTF-8 text");
    assert_eq!(found[1], "environment FLOOPY_STORE__PATH: store.path: is not UTF-8 text");
}

#[test]
fn no_mistake_repeats_a_secret() {
    for text in [
        "[provider.openai]\napi_key = sk-hunter2\n",
        "[provider.openai]\napi_kye = \"sk-hunter2\"\n",
        "[provider.openai]\napi_key = [\"sk-hunter2\"]\n",
        "[provider.openai]\nkind = \"sk-hunter2\"\n",
        "[provider.openai]\nheaders = \"sk-hunter2\"\n",
        "[provider.openai]\nheaders = { api-key = \"hunter2\" }\n",
        "[provider.openai]\nbase_url = \"https://x/?k=hunter2\"\n",
        "[provider.openai]\nbase_url = \"hunter2:x@y\"\n",
        "provider = \"sk-hunter2\"\n",
        "[[key]]\nname = \"a\"\nsha256 = \"fl_hunter2\"\n",
        "[[key]]\nname = \"a\"\nsha256 = \"hunter2\"\n",
        "[server]\nlisten = \"sk-hunter2\"\n",
    ] {
        let found = problems(text).join("\n");
        assert!(!found.is_empty() && !found.contains("hunter2"), "{text}\n{found}");
    }
    let environment: Environment = [("OPENAI_API_KEY", "sk-hunter2")].into_iter().collect();
    assert!(!format!("{environment:?}").contains("hunter2"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_text_panics(text in "(\\[{0,2}(server|route|key|model|provider\\.[a-z]{0,3}|[a-z.]{0,5})\\]{0,2}\n|[a-z_]{1,9} ?= ?(\"\\PC{0,9}\"|[0-9.ainf+-]{1,6}|\\[\"a/b\",?\\]|\\{ ?a ?= ?1 ?\\})\n|\\PC{0,9}\n){0,12}") {
        if let Err(errors) = World::new(&text).load() {
            prop_assert!(!errors.0.is_empty());
        }
    }

    #[test]
    fn a_cut_file_never_panics_and_errors_have_places(cut in 0_usize..2000) {
        let whole = crate::config::init_text().replace("\n# ", "\n");
        let cut = whole.floor_char_boundary(cut * whole.len() / 2000);
        if let Err(errors) = World::new(whole.get(..cut).unwrap()).load() {
            prop_assert!(!errors.0.is_empty());
            prop_assert!(errors.0.iter().all(|problem| problem.to_string().contains("floopy.toml")));
        }
    }
}

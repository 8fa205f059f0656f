use super::*;
use clap::Parser;
use std::io::Write;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    args: ReplayArgs,
}

fn args(words: &[&str]) -> ReplayArgs {
    Line::try_parse_from(std::iter::once("replay").chain(words.iter().copied())).unwrap().args
}

const RECORDING: &str = "{\"name\":\"r\",\"kind\":\"request\",\"models\":[\"big\",\"small\"],\"baseline\":\"big\"}
{\"prompt\":\"one\",\"out\":[[1,0.01,9,9,1],[1,0.001,9,9,1]]}
{\"prompt\":\"two\",\"out\":[[1,0.01,9,9,1],[0,0.001,9,9,1]]}
{\"prompt\":\"three\",\"out\":[[0,0.01,9,9,1],[0,0.001,9,9,1]]}
{\"prompt\":\"four\",\"out\":[[1,0.01,9,9,1],null]}
";

#[test]
fn recordings_are_read_plain_and_packed_and_folders_stand_for_their_files() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.jsonl"), RECORDING).unwrap();
    let packed = std::fs::File::create(folder.path().join("b.jsonl.gz")).unwrap();
    let mut packed = flate2::write::GzEncoder::new(packed, flate2::Compression::fast());
    packed.write_all(RECORDING.as_bytes()).unwrap();
    packed.finish().unwrap();
    let problems = args(&["--data", folder.path().to_str().unwrap(), "--horizon", "50"]).inputs.problems().unwrap();
    let seen: Vec<_> = problems.iter().map(|problem| (problem.items.len(), problem.horizon)).collect();
    assert_eq!(seen, [(3, 50), (3, 50)], "the item without an outcome of every arm is left out");
}

#[test]
fn a_bad_file_is_named_with_its_line_and_what_to_do() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), RECORDING.replace("[0,0.001", "[2,0.001")).unwrap();
    let failure = args(&["--data", file.path().to_str().unwrap()]).inputs.problems().unwrap_err();
    assert!(failure.message.contains("line 3") && failure.message.contains("0..1"), "{failure:?}");
    assert!(failure.hint.is_some());
    let none = args(&[]).inputs.problems().unwrap_err();
    assert_eq!((none.exit, none.hint.is_some()), (Exit::Usage, true));
}

#[test]
fn parameters_are_set_by_name() {
    assert!((params(&["z=1.5".to_owned()]).unwrap().z - 1.5).abs() < 1e-12);
    for wrong in ["zz=1", "z", "z=high"] {
        assert_eq!(params(&[wrong.to_owned()]).unwrap_err().exit, Exit::Usage, "{wrong}");
    }
}

#[test]
fn a_written_log_is_judged_and_small_ones_are_refused() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), RECORDING).unwrap();
    let problems = args(&["--data", file.path().to_str().unwrap(), "--horizon", "600"]).inputs.problems().unwrap();
    let log = tempfile::NamedTempFile::new().unwrap();
    log::write(log.path(), &problems[0], &Setting::default(), 1).unwrap();
    let judged = |path: &Path| serde_json::to_value(log::judge(path).unwrap()).unwrap();
    let whole = judged(log.path());
    let as_logged = &whole[0];
    assert_eq!([&as_logged["policy"], &as_logged["measure"], &as_logged["verdict"]], ["as logged", "quality", "ok"]);
    let (snips, dr) = (as_logged["value"]["snips"].as_f64().unwrap(), as_logged["value"]["dr"].as_f64().unwrap());
    // Two of three items succeed on the baseline, one of three on the other.
    assert!((0.5..0.7).contains(&snips) && (snips - dr).abs() < 0.01, "{as_logged}");
    let text = std::fs::read_to_string(log.path()).unwrap();
    std::fs::write(log.path(), text.lines().take(150).collect::<Vec<_>>().join("\n")).unwrap();
    let part = judged(log.path());
    assert!(part[0]["verdict"].as_str().unwrap().starts_with("refused") && part[0]["value"].is_null(), "{}", part[0]);
}

use super::endpoint::TABLE;
use super::openapi::document;

#[test]
fn every_endpoint_is_described_and_nothing_else() {
    let document = document();
    let paths = document["paths"].as_object().unwrap();
    let described: usize = paths.values().map(|path| path.as_object().unwrap().len()).sum();
    assert_eq!(described, TABLE.len());
    for row in TABLE {
        let operation = &paths[&row.path.replace("*}", "}")][row.method.to_lowercase()];
        assert_eq!(operation["summary"], row.summary);
        for answer in operation["responses"].as_object().unwrap().values() {
            for content in answer["content"].as_object().unwrap().values() {
                if let Some(reference) = content["schema"]["$ref"].as_str() {
                    let name = reference.rsplit('/').next().unwrap();
                    assert!(document["components"]["schemas"][name].is_object(), "{name}");
                }
            }
        }
    }
}

//! What an embedding costs on the request path.

use criterion::{Criterion, criterion_group, criterion_main};
use floopy::embedding::{embed, features};
use std::hint::black_box;

const PROSE: &str = "The committee will meet again on Thursday to discuss whether the proposed budget, which was \
    published last week, leaves enough room for the repairs that the bridge needs before winter. ";
const CODE: &str = "fn total(items: &[Item]) -> u64 {\n    items.iter().map(|item| item.price * item.count).sum()\n}\n";
const FOREIGN: &str = "Übersetze bitte den folgenden Absatz möglichst wörtlich ins Französische: «Später änderte er \
    seine Meinung über die Größe des Geländes.» ";

/// Code that does not repeat itself.
const SOURCE: &str = include_str!("../src/embedding/pieces.rs");

fn of_length(text: &str, characters: usize) -> String {
    text.chars().cycle().take(characters).collect()
}

fn embedding(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("embedding");
    for (name, text) in [
        ("prose_200", of_length(PROSE, 200)),
        ("prose_2000", of_length(PROSE, 2_000)),
        ("code_2000", of_length(CODE, 2_000)),
        ("source_2000", of_length(SOURCE, 2_000)),
        ("accents_2000", of_length(FOREIGN, 2_000)),
        ("nonsense_2000", of_length("qzxjvkwqpzxjvkwqhpzz", 2_000)),
        ("nonsense_words_2000", of_length("qzxjvkwqpzxjvkwqh ", 2_000)),
    ] {
        group.bench_function(name, |bencher| bencher.iter(|| embed(black_box(&text))));
    }
    let text = of_length(PROSE, 2_000);
    group.bench_function("features_2000", |bencher| bencher.iter(|| features::<16>(black_box(&text))));
    group.finish();
}

criterion_group!(benches, embedding);
criterion_main!(benches);

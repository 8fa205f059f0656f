//! What the heuristics cost on every chat answer. `cargo bench --bench scores`.

use criterion::{Criterion, criterion_group, criterion_main};
use floopy::routing::intent::intent;
use floopy::routing::scores::{Exchange, score};
use std::hint::black_box;

const ASKED: &str = "I am writing a small service that reads orders from a queue. How would you make sure that none of \
    them is handled twice when the worker is restarted in the middle? Please explain the trade-offs.";
const ANSWER: &str = "Give each order an id and keep the ids that were handled in the same transaction as the effect of \
    the order. When the worker starts again it reads the queue from the last committed place, finds the id of an order \
    that was already handled, and skips it. The trade-off is one more write for each order and a table that grows; \
    you can bound it by the time for which the queue keeps its messages. The other way is to make the effect itself \
    harmless when repeated, for example by setting a state rather than adding to it, which needs no table at all.";

fn scores(criterion: &mut Criterion) {
    floopy::routing::prepare();
    let long = ANSWER.repeat(20);
    let code = format!("{ANSWER}\n```python\n{}```\n", "def handle(order):\n    seen.add(order.id)\n".repeat(20));
    for (name, answer) in [("typical", ANSWER), ("long", &long), ("code", &code)] {
        criterion.bench_function(&format!("score/{name}"), |bencher| {
            bencher.iter(|| {
                score(&Exchange { asked: black_box(ASKED), answer: black_box(answer), ..Exchange::default() })
            });
        });
    }
    criterion.bench_function("intent", |bencher| bencher.iter(|| intent(black_box(ASKED))));
}

criterion_group!(benches, scores);
criterion_main!(benches);

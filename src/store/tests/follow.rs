//! Following a log whose beginning retention has removed.

use super::*;
use std::ops::ControlFlow;

#[tokio::test]
async fn what_retention_has_removed_was_missed() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(options(folder.path())).unwrap();
    for at in 1..=6 {
        store.record(recorded(decision("a", "s", at))).unwrap();
    }
    store.flush().await.unwrap();
    retention::remove(&store, false, 4);
    let follow = |after: u64| {
        let mut told = Vec::new();
        let followed = store.follow(&OrgId::from("a"), after, 100, |entry| {
            told.push((entry.sequence, entry.kind));
            ControlFlow::Continue(())
        });
        (told, followed.unwrap())
    };
    let (told, followed) = follow(1);
    assert_eq!(followed, Followed { through: 7, missed: 2 }, "entries 2 and 3; 7 says that they went");
    assert_eq!(told, [(4, "decision"), (5, "decision"), (6, "decision")]);
    assert_eq!(follow(5), (vec![(6, "decision")], Followed { through: 7, missed: 0 }));
}

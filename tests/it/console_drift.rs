//! Drift in the console, on real servers: the row is seen, its own key mends it, and it is gone.

use crate::support::console::Console;
use crate::support::editor::described;
use crate::support::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_row_of_the_drift_page_is_mended_by_its_key_and_goes() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin, ears) = (world.tenant(), world.admin(), world.ears().await);
    let base = tenant.token_in_store();
    tenant.store(&world.editor().edited(&base, &[described("mine")], 5));
    let mut console = Console::of(&admin);
    console.shows("3 of 3 servers");

    console.press("g");
    console.press("d");
    console.shows("── drift");
    console.press("/");
    console.paste(&format!("account={}", tenant.name));
    console.press("\r");
    console.shows("store_newer");
    console.press("P");
    console.answer("to confirm", &format!("{}\r", tenant.id.key().tail()));
    console.shows("outcome  verified");
    console.press("\u{1b}");

    console.until("the row goes", |screen| {
        let text = screen.contents();
        text.contains("── drift") && !text.contains("store_newer")
    });
    for kept in ears.kept(tenant.id, 3).await {
        assert_eq!(kept.text(), tenant.token_in_store().text());
    }
}

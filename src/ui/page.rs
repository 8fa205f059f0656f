//! What all pages share: the frame around them, the login, and what went wrong.

use super::html::{escape, link};

/// Names and addresses of the views.
const VIEWS: [(&str, &str); 5] = [
    ("Overview", "/ui"),
    ("Decisions", "/ui/decisions"),
    ("Sessions", "/ui/sessions"),
    ("Routes", "/ui/routes"),
    ("Experiments", "/ui/experiments"),
];

/// One page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page<'a> {
    /// Its title.
    pub title: &'a str,
    /// Whether somebody is logged in with a key, and so can log out.
    pub has_key: bool,
    /// Whether it is fetched again when something happens.
    pub is_live: bool,
    /// What an order came to.
    pub note: Option<&'a str>,
}

impl Page<'_> {
    /// The whole document around `main`.
    #[must_use]
    pub fn around(&self, main: &str) -> String {
        let links: String = VIEWS
            .iter()
            .map(|(name, path)| {
                let here = if *name == self.title { " aria-current=\"page\"" } else { "" };
                format!("<a href=\"{path}\"{here}>{name}</a>")
            })
            .collect();
        let logout = if self.has_key {
            "<form method=\"post\" action=\"/ui/logout\"><button>Log out</button></form>"
        } else {
            ""
        };
        let live = if self.is_live { " data-live" } else { "" };
        let note = self.note.map_or_else(String::new, |note| format!("<p role=\"status\">{}</p>", escape(note)));
        document(
            self.title,
            &format!(
                "<header><b>floopy</b><nav>{links}</nav><span id=\"live\" role=\"status\"></span>{logout}</header>\
                 {note}<main{live}>{main}</main>"
            ),
        )
    }
}

fn document(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{} - floopy</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><link rel=\"icon\" href=\"data:,\">\
         <link rel=\"stylesheet\" href=\"/ui/style.css\"><script src=\"/ui/live.js\" defer></script></head>\
         <body>{body}</body></html>",
        escape(title)
    )
}

/// The page that asks for a key.
#[must_use]
pub fn login(wrong: bool) -> String {
    let wrong = if wrong { "<p class=\"bad\" role=\"alert\">This key is not known, or may not read.</p>" } else { "" };
    document(
        "Log in",
        &format!(
            "<main class=\"login\"><h1>floopy</h1>{wrong}<form method=\"post\" action=\"/ui/login\">\
             <label for=\"key\">API key</label><input id=\"key\" name=\"key\" type=\"password\" required \
             autocomplete=\"current-password\" autofocus><button>Log in</button></form>\
             <p class=\"dim\">Make one with <code>floopy keys create NAME --permissions read</code>. \
             It is kept in a cookie of this page for twelve hours.</p></main>"
        ),
    )
}

/// A page about something that went wrong.
#[must_use]
pub fn problem(message: &str) -> String {
    format!(
        "<section><h1>That did not work</h1><p class=\"bad\">{}</p><p>{}</p></section>",
        escape(message),
        link("/ui", "Back to the overview")
    )
}

//! A real browser: Debian's Chromium, driven as a person would, with pictures kept for people to look at.

use std::future::Future;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::json;
use tempfile::TempDir;

use super::root;

/// How a window begins.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Whether scripts run.
    pub scripts: bool,
}

/// The window most people have.
pub const USUAL: Window = Window {
    width: 1366,
    height: 768,
    scripts: true,
};

/// The same without scripts.
pub const PLAIN: Window = Window {
    scripts: false,
    ..USUAL
};

/// A browser with one window; gone when the test ends.
pub struct Browser {
    client: Option<Client>,
    driver: Child,
    name: String,
    shots: u32,
    runtime: tokio::runtime::Runtime,
    /// The profile; removed after the browser.
    _profile: TempDir,
    downloads: TempDir,
}

fn start_driver() -> (Child, u16) {
    let mut driver = Command::new("chromedriver")
        .arg("--port=0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("chromium and chromium-driver are installed (see .ci/run)");
    let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
    let port = lines
        .by_ref()
        .map_while(Result::ok)
        .find_map(|line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse().ok()
        })
        .expect("the driver says its port");
    std::thread::spawn(move || lines.for_each(drop));
    (driver, port)
}

/// Whether a browser is there; says loudly what is left out when not, and fails where one is demanded.
pub fn is_there() -> bool {
    let there = Command::new("chromedriver")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok();
    let demanded = std::env::var_os("ONE_LEDGER_REQUIRE_BROWSER").is_some();
    assert!(there || !demanded, "chromium-driver is not installed");
    if !there {
        eprintln!("LEFT OUT: no chromium-driver, so nothing was tried in a browser");
    }
    there
}

impl Browser {
    /// Opens a window; `name` begins the names of its pictures.
    pub fn open(name: &str, window: Window) -> Self {
        let (driver, port) = start_driver();
        let profile = tempfile::tempdir().unwrap();
        let downloads = tempfile::tempdir().unwrap();
        let mut args = vec![
            "--headless=new".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-quic".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--lang=zh-CN".to_owned(),
            format!("--window-size={},{}", window.width, window.height),
            format!("--user-data-dir={}", profile.path().display()),
        ];
        if !window.scripts {
            args.push("--blink-settings=scriptEnabled=false".to_owned());
        }
        let capabilities = json!({"goog:chromeOptions": {
            "args": args,
            "prefs": {"download.default_directory": downloads.path()},
        }});
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let serde_json::Value::Object(capabilities) = capabilities else {
            unreachable!("an object was written above")
        };
        let client = runtime
            .block_on(
                ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
                    .capabilities(capabilities)
                    .connect(&format!("http://127.0.0.1:{port}")),
            )
            .unwrap();
        Self {
            client: Some(client),
            driver,
            name: name.to_owned(),
            shots: 0,
            runtime,
            _profile: profile,
            downloads,
        }
    }

    /// The driver's own client, for what the words below do not say.
    pub fn client(&self) -> &Client {
        self.client.as_ref().unwrap()
    }

    /// Waits for what the browser is asked to do.
    #[track_caller]
    pub fn wait<T>(
        &self,
        asked: impl Future<Output = Result<T, fantoccini::error::CmdError>>,
    ) -> T {
        self.runtime.block_on(asked).unwrap()
    }

    /// Goes to an address.
    #[track_caller]
    pub fn go(&self, address: &str) {
        self.wait(self.client().goto(address));
    }

    /// Types into a field, in place of what is there.
    #[track_caller]
    pub fn fill(&self, css: &str, text: &str) {
        self.wait(async {
            let field = self.appears(css).await?;
            field.clear().await?;
            field.send_keys(text).await
        });
    }

    /// Presses a button or follows a link.
    #[track_caller]
    pub fn press(&self, css: &str) {
        self.wait(async { self.appears(css).await?.click().await });
    }

    /// Presses what sends a form, and waits until the page that it stood on is gone: what is looked for next may have
    /// been on that page as well.
    #[track_caller]
    pub fn send(&self, css: &str) {
        let end = std::time::Instant::now() + std::time::Duration::from_secs(30);
        self.wait(async {
            let button = self.appears(css).await?;
            button.clone().click().await?;
            while button.tag_name().await.is_ok() {
                assert!(std::time::Instant::now() < end, "{css} leads nowhere");
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
            Ok(())
        });
    }

    /// Presses what an `XPath` finds.
    #[track_caller]
    pub fn press_path(&self, path: &str) {
        self.wait(async {
            let wait = self
                .client()
                .wait()
                .at_most(std::time::Duration::from_secs(20));
            wait.for_element(Locator::XPath(path)).await?.click().await
        });
    }

    /// Follows the link, or presses the button, that says exactly this.
    #[track_caller]
    pub fn press_text(&self, text: &str) {
        let path = format!(
            "//main//*[self::a or self::button or self::summary][normalize-space()='{text}'] | //*[self::a or self::button][normalize-space()='{text}']"
        );
        self.wait(async {
            let wait = self
                .client()
                .wait()
                .at_most(std::time::Duration::from_secs(20));
            wait.for_element(Locator::XPath(&path)).await?.click().await
        });
    }

    /// Waits until something is on the page.
    async fn appears(
        &self,
        css: &str,
    ) -> Result<fantoccini::elements::Element, fantoccini::error::CmdError> {
        let wait = self
            .client()
            .wait()
            .at_most(std::time::Duration::from_secs(30));
        wait.for_element(Locator::Css(css)).await
    }

    /// Waits until something is on the page.
    #[track_caller]
    pub fn see(&self, css: &str) {
        self.wait(async { self.appears(css).await.map(drop) });
    }

    /// Waits until the page says something.
    #[track_caller]
    pub fn see_text(&self, text: &str) {
        let path = format!("//body[contains(normalize-space(.), '{text}')]");
        let found = self.runtime.block_on(async {
            let wait = self
                .client()
                .wait()
                .at_most(std::time::Duration::from_secs(30));
            wait.for_element(Locator::XPath(&path)).await
        });
        assert!(
            found.is_ok(),
            "“{text}” is not said by:\n{}",
            self.text("body")
        );
    }

    /// What is written in a part of the page.
    #[track_caller]
    pub fn text(&self, css: &str) -> String {
        self.wait(async { self.appears(css).await?.text().await })
    }

    /// How many of something are on the page.
    pub fn count(&self, css: &str) -> usize {
        self.wait(self.client().find_all(Locator::Css(css))).len()
    }

    /// Sends a file through a file field.
    #[track_caller]
    pub fn choose_file(&self, css: &str, file: &std::path::Path) {
        let path = file.display().to_string();
        self.wait(async { self.appears(css).await?.send_keys(&path).await });
    }

    /// Where downloads arrive.
    pub fn downloads(&self) -> &std::path::Path {
        self.downloads.path()
    }

    /// Keeps a picture of the window under `target/screens/`, for people to look at.
    pub fn picture(&mut self, what: &str) {
        self.shots += 1;
        let folder: PathBuf = root().join("target/screens");
        std::fs::create_dir_all(&folder).unwrap();
        let png = self.wait(self.client().screenshot());
        let file = folder.join(format!("{}-{:02}-{what}.png", self.name, self.shots));
        std::fs::write(file, png).unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            // The window may have crashed; the driver is ended either way.
            let _ = self.runtime.block_on(client.close());
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

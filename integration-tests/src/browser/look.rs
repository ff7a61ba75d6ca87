//! How a page looks, and on what.
use std::fs;
use std::io;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::Page;

impl Page {
    /// Shows it in this size, in CSS pixels; `mobile` as a phone does, with fingers instead of a mouse.
    ///
    /// # Errors
    ///
    /// If the browser doesn't answer.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn viewport(&self, width: u32, height: u32, mobile: bool) -> io::Result<()> {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile });
        self.call("Emulation.setDeviceMetricsOverride", size).await?;
        self.call("Emulation.setTouchEmulationEnabled", json!({ "enabled": mobile })).await?;
        *self.size.lock() = (width, height);
        Ok(())
    }

    /// Whether its reader prefers dark pages.
    ///
    /// # Errors
    ///
    /// If the browser doesn't answer.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn dark(&self, dark: bool) -> io::Result<()> {
        let value = if dark { "dark" } else { "light" };
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": value }] });
        self.call("Emulation.setEmulatedMedia", media).await.map(drop)
    }

    /// Whether pages may run scripts, from the next one on. [`eval`](Self::eval) and all that rests on it may always.
    ///
    /// # Errors
    ///
    /// If the browser doesn't answer.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn scripts(&self, allowed: bool) -> io::Result<()> {
        self.call("Emulation.setScriptExecutionDisabled", json!({ "value": !allowed })).await.map(drop)
    }

    /// That nothing is wider than the page is.
    ///
    /// # Errors
    ///
    /// If something is: how wide it makes the page, and which elements they are.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn no_sideways_scroll(&self) -> io::Result<()> {
        // Not `innerWidth`, which on a phone grows with what is too wide.
        let width = self.size.lock().0;
        let wider: Option<String> = self
            .eval(&format!(
                "(() => {{
                    const wide = document.documentElement.scrollWidth;
                    if (wide <= {width}) return null;
                    const name = (element) => element.tagName.toLowerCase() + (element.id && '#' + element.id)
                        + [...element.classList].map((name) => '.' + name).join('');
                    const over = (element) => element.getBoundingClientRect().right > {width} + 0.5;
                    const culprits = [...document.querySelectorAll('body *')].filter(over).slice(0, 5).map(name);
                    return `${{location.href}} is ${{wide}} wide instead of {width}: ${{culprits.join(', ')}}`;
                }})()"
            ))
            .await?;
        wider.map_or(Ok(()), |why| Err(io::Error::other(why)))
    }

    /// Writes a picture of it, as PNG: of what is to be seen, or of all of it, however long.
    ///
    /// # Errors
    ///
    /// If the browser doesn't answer, or the file can't be written.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the file may be written in part.
    pub async fn screenshot(&self, path: &Path, full: bool) -> io::Result<()> {
        let mut params = json!({ "format": "png" });
        if full {
            let metrics = self.call("Page.getLayoutMetrics", json!({})).await?;
            let content = &metrics["cssContentSize"];
            let clip = json!({ "x": 0, "y": 0, "width": content["width"], "height": content["height"], "scale": 1 });
            params["captureBeyondViewport"] = true.into();
            params["clip"] = clip;
        }
        let picture = self.call("Page.captureScreenshot", params).await?;
        let picture = STANDARD.decode(picture["data"].as_str().unwrap_or_default()).map_err(io::Error::other)?;
        fs::write(path, picture)
    }
}

use actix_web::HttpRequest;
use actix_web::http::header::COOKIE;
use jiff::SignedDuration;

/// The values of every cookie of this name: a browser may send several.
pub(super) fn cookies<'a>(request: &'a HttpRequest, name: &str) -> impl Iterator<Item = &'a str> {
    let headers = request.headers().get_all(COOKIE).filter_map(|value| value.to_str().ok());
    let pairs = headers.flat_map(|header| header.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(move |(known, _)| *known == name).map(|(_, value)| value)
}

/// The value of a `Set-Cookie`: no script reads it, and other sites don't send it. An age of zero takes it away.
pub(super) fn cookie(name: &str, value: &str, age: SignedDuration, secure: bool) -> String {
    let secure = if secure { "; Secure" } else { "" };
    format!("{name}={value}; Path=/; Max-Age={}; HttpOnly; SameSite=Strict{secure}", age.as_secs())
}

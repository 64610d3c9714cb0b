//! The HTTP side: routes, headers, cross-origin rules. Other files contain what each endpoint
//! answers, apart from HTTP.

mod authorize;
mod consent_page;
mod metadata;
mod registration;
mod token;

use std::{io, net::TcpListener, sync::Arc};

use actix_web::{
    App, Error, HttpRequest, HttpResponse, HttpResponseBuilder, HttpServer,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{self, HeaderValue},
    },
    middleware::{DefaultHeaders, Next, from_fn},
    rt,
    web::{self, Bytes, Data, PayloadConfig, ServiceConfig},
};
use tokio::sync::{mpsc, oneshot};

use self::authorize::Refusal;
use super::{authority::Authority, error::OAuthError, params::Params};

const MAX_BODY: usize = 64 * 1024;

/// Serves until `shutdown` resolves; then the port is free and every connection is cut.
pub(super) fn serve(
    listener: TcpListener,
    authority: Arc<Authority>,
    shutdown: oneshot::Receiver<()>,
) -> io::Result<()> {
    rt::System::new().block_on(async {
        let (alive, mut gone) = mpsc::channel::<()>(1);
        let app = move || {
            App::new()
                .app_data(alive.clone())
                .app_data(Data::from(Arc::clone(&authority)))
                .app_data(PayloadConfig::new(MAX_BODY))
                .wrap(from_fn(refuse_foreign_hosts))
                .configure(routes)
        };
        let server = HttpServer::new(app)
            .workers(1)
            .tcp_nodelay(true)
            .disable_signals()
            .listen(listener)?
            .run();
        let handle = server.handle();
        rt::spawn(async move {
            shutdown.await.ok();
            handle.stop(false).await;
        });
        server.await?;
        // The server does not wait for its worker, whose connections hold the app and so `alive`.
        gone.recv().await;
        Ok(())
    })
}

fn routes(app: &mut ServiceConfig) {
    for (path, route) in [
        (
            "/.well-known/oauth-authorization-server",
            web::get().to(metadata),
        ),
        ("/.well-known/openid-configuration", web::get().to(metadata)),
        ("/register", web::post().to(register)),
        ("/token", web::post().to(token)),
        ("/revoke", web::post().to(revoke)),
    ] {
        let resource = web::resource(path).route(route);
        app.service(resource.wrap(from_fn(allow_any_origin)));
    }
    app.service(web::resource("/introspect").route(web::post().to(introspect)));
    app.service(
        web::resource("/authorize")
            .wrap(page_headers())
            .route(web::get().to(ask_consent))
            .route(web::post().to(decide)),
    );
}

async fn metadata(authority: Data<Authority>) -> HttpResponse {
    HttpResponse::Ok().json(authority.metadata())
}

async fn register(authority: Data<Authority>, body: Bytes) -> Result<HttpResponse, OAuthError> {
    let client = authority.register(&body)?;
    Ok(unstored(StatusCode::CREATED).json(client))
}

async fn token(
    authority: Data<Authority>,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, OAuthError> {
    let answer = authority.token(authorization(&request), &Params::parse(&body))?;
    Ok(unstored(StatusCode::OK).json(answer))
}

async fn introspect(
    authority: Data<Authority>,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, OAuthError> {
    let claims = authority.introspect(authorization(&request), &Params::parse(&body))?;
    Ok(unstored(StatusCode::OK).json(claims))
}

async fn revoke(
    authority: Data<Authority>,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, OAuthError> {
    authority.revoke(authorization(&request), &Params::parse(&body))?;
    Ok(unstored(StatusCode::OK).finish())
}

async fn ask_consent(authority: Data<Authority>, request: HttpRequest) -> HttpResponse {
    match authority.ask_consent(&Params::parse(request.query_string().as_bytes())) {
        Ok((ticket, request)) => html(StatusCode::OK, consent_page::consent(&ticket, &request)),
        Err(Refusal::Page(reason)) => html(StatusCode::BAD_REQUEST, consent_page::error(&reason)),
        Err(Refusal::Redirect(url)) => see_other(url),
    }
}

async fn decide(authority: Data<Authority>, body: Bytes) -> HttpResponse {
    match authority.decide(&Params::parse(&body)) {
        Ok(url) => see_other(url),
        Err(error) => {
            let page = consent_page::error(&error.description);
            html(StatusCode::BAD_REQUEST, page)
        }
    }
}

/// Keeps tokens and claims out of caches (RFC 6749 §5.1).
fn unstored(status: StatusCode) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    response
}

fn html(status: StatusCode, page: String) -> HttpResponse {
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .body(page)
}

fn see_other(url: String) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, url))
        .finish()
}

fn authorization(request: &HttpRequest) -> Option<&str> {
    let value = request.headers().get(header::AUTHORIZATION)?;
    // A value that is not ASCII is not a credential either, but must not count as missing.
    Some(value.to_str().unwrap_or("malformed"))
}

fn page_headers() -> DefaultHeaders {
    DefaultHeaders::new()
        .add((header::CACHE_CONTROL, "no-store"))
        .add((
            header::CONTENT_SECURITY_POLICY,
            consent_page::content_security_policy(),
        ))
        .add((header::REFERRER_POLICY, "no-referrer"))
        .add((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .add((header::X_FRAME_OPTIONS, "DENY"))
}

/// Lets clients that run in a browser, such as the MCP Inspector, read the answers.
async fn allow_any_origin(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let mut response = if request.method() == Method::OPTIONS {
        let answer = preflight_answer(request.request());
        request.into_response(answer)
    } else {
        next.call(request).await?.map_into_boxed_body()
    };
    let any = HeaderValue::from_static("*");
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, any.clone());
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, any);
    Ok(response)
}

/// Repeats the requested headers, because `*` would not cover `Authorization`.
fn preflight_answer(request: &HttpRequest) -> HttpResponse {
    let mut response = HttpResponse::NoContent();
    response.insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"));
    response.insert_header((header::ACCESS_CONTROL_MAX_AGE, "600"));
    if let Some(names) = request
        .headers()
        .get(header::ACCESS_CONTROL_REQUEST_HEADERS)
    {
        response.insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, names.clone()));
    }
    response.finish()
}

/// Refuses another site's name that resolves to this address (DNS rebinding).
async fn refuse_foreign_hosts(
    authority: Data<Authority>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let host = request.headers().get(header::HOST);
    let host = host.and_then(|host| host.to_str().ok()).unwrap_or_default();
    if authority.hosts.iter().any(|own| own == host) {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    let refusal = OAuthError::invalid_request("the Host header names another server");
    Ok(request.error_response(refusal).map_into_boxed_body())
}

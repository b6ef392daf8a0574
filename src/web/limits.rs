//! How often one address may ask: a steady rate with a burst, answered by 429 and how long to wait.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, web};
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::config::Serve;
use crate::error;
use crate::web::answer::Failure;
use crate::web::origin;

/// Above this many remembered addresses, those that have been quiet are forgotten.
const REMEMBERED: usize = 10_000;

/// The limiter; without one, everything passes.
#[derive(Clone)]
pub struct Limits {
    by_address: Option<Arc<DefaultKeyedRateLimiter<IpAddr>>>,
    behind_proxy: bool,
}

impl Limits {
    /// The limits as configured.
    #[must_use]
    pub fn new(serve: &Serve) -> Self {
        let quota = NonZeroU32::new(serve.rate_per_second).map(|rate| {
            let burst = NonZeroU32::new(serve.rate_burst).unwrap_or(rate);
            Quota::per_second(rate).allow_burst(burst)
        });
        Self {
            by_address: quota.map(|q| Arc::new(RateLimiter::keyed(q))),
            behind_proxy: serve.behind_proxy,
        }
    }
}

/// Lets a request pass, or says when to come again.
///
/// # Errors
/// Whatever follows says.
pub async fn enforce(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if let Some(limits) = request.app_data::<web::Data<Limits>>()
        && let Some(limiter) = &limits.by_address
        && let Some(address) = origin::address(request.request(), limits.behind_proxy)
    {
        if limiter.len() > REMEMBERED {
            limiter.retain_recent();
        }
        if let Err(not_yet) = limiter.check_key(&address) {
            let wait = not_yet.wait_time_from(DefaultClock::default().now());
            let too_many = Failure::Error(error::Error::TooMany(wait.as_secs().max(1)));
            return Ok(request.error_response(too_many));
        }
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

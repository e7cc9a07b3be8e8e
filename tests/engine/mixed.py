"""One scenario of everything at once: five seconds in which every kind of limit refuses somebody."""

MIXED = """
name: mixed
run: {duration: 5 s, warm_up: 1 s, period: 1 s, seed: 3}
account:
  throttle: {rate: 110/s, burst: 12}
  lambda_concurrency: 104
  used_elsewhere: {lambda_concurrency: 88}
  lambda_scaling: 9
functions:
  quick:
    duration: {p50: 40 ms, p99: 300 ms}
    cold_start: {runtime: python3.13}
    timeout: 1 s
    idle_lifetime: {uniform: {min: 200 ms, max: 900 ms}}
    response: {size: {p50: 4 KB, p99: 60 KB}, status: {200: 90 %, 404: 7 %, 500: rest}}
    crash: 2 %
    malformed: 4 %
  slow:
    duration: {lognormal: {mean: 400 ms, cv: 1.2}}
    cold_start: {provisioning: 20 ms, init: {p50: 80 ms, p99: 200 ms}}
    timeout: 2 s
    reserved_concurrency: 4
backends:
  server:
    http: {latency: {exponential: {mean: 150 ms}}, concurrency: 4, queue: 3, status: {200: 98 %, 503: 2 %}}
apis:
  shop:
    type: REST
    endpoint: REGIONAL
    methods:
      GET /items/{id}: {integration: {lambda_proxy: quick, timeout: 200 ms}, cache_key: [path.id]}
      POST /orders: {integration: {lambda_proxy: slow, timeout: 500 ms}}
      GET /stock/{id}: {integration: {http_proxy: server, timeout: 250 ms}, api_key_required: true}
      GET /health: {integration: {mock: {}}}
    stages:
      prod:
        cache_cluster: 0.5 GB
        method_settings:
          every_method: {throttle: {rate: 60/s, burst: 8}, caching: {ttl: 1 s, require_authorization: true}}
          GET /stock/{id}: {caching: false}
          POST /orders: {throttle: {rate: 20/s, burst: 5}}
usage_plans:
  gold:
    throttle: {rate: 8/s, burst: 5}
    quota: {limit: 30, period: DAY}
    stages:
      shop/prod:
        GET /stock/{id}: {rate: 10/s, burst: 3}
api_keys:
  k: {plans: [gold], count: 3}
clients:
  web:
    target: shop/prod
    arrivals:
      process: poisson
      rate: [{from: 0 s, rate: 20/s}, {from: 1 s, rate: 100/s, ramp: 1 s}]
    calls:
      - call: GET /items/{id}
        weight: 6
        path: {id: {zipf: {n: 50, s: 1.1}}}
        max_age_0: {share: 5 %, authorized: 50 %}
      - call: POST /orders
        weight: 2
        body: {p50: 2 KB, p99: 40 KB}
      - call: GET /health
    network: {rtt: {p50: 30 ms, p99: 120 ms}}
    timeout: 300 ms
    retry: {attempts: 3, client_timeout: true, backoff: {base: 50 ms, cap: 400 ms, jitter: decorrelated}}
  partner:
    target: shop/prod
    api_key: {from: k, zipf: {s: 1.0}}
    arrivals: {process: even, rate: 40/s}
    calls:
      - call: GET /stock/{id}
        path: {id: {uniform: {n: 5}}}
    retry: {attempts: 2, statuses: [503, 504], backoff: {base: 30 ms, cap: 400 ms, jitter: equal}}
timeline:
  - {at: 2 s, fault: {function: slow, slow: 3, for: 1 s}}
  - {at: 2500 ms, fault: {backend: server, errors: 30 %, for: 1 s}}
  - {at: 3 s, flush_cache: shop/prod}
  - at: 3500 ms
    set: {'apis.shop.stages.prod.method_settings["POST /orders"].throttle.rate': 5/s}
  - {at: 4 s, fault: {function: quick, outage: true, for: 200 ms}}
"""

"""A scenario with an investment, small enough for paper."""

WORLD = """\
version: 1
name: small
currency: MAD
horizon: {start: 2025-01-06T00:00:00Z, days: 7}
policy:
  {unmet_price_per_kwh: 10, unserved_price_per_request: 1, late_price_per_gpu_h: 10,
   unfinished_price_per_gpu_h: 100}
sites:
  home:
    latitude_deg: 23.7
    longitude_deg: -15.9
    timezone: Africa/El_Aaiun
    climate: dakhla
    jurisdiction: MA
    pv: {capacity_kw: 100}
    battery: {energy_kwh: 0, power_kw: 0, soc_min: 0}
    grid: {import_limit_kw: 500, tariff: {price_per_kwh: 1}, carbon: {g_per_kwh: 500}}
    cooling: {pue: 1.2}
    pools:
      h100: {gpus: 100, idle_kw_per_gpu: 0.3}
jobs:
  list:
    train: {kind: checkpointable, gpu_type: h100, gpus: 50, work_h: 10, power_kw_per_gpu: 1.2,
            home: home, deadline_h: 60}
investment:
  discount_rate: 0.08
  basis: real
  sites:
    home:
      pv: {capex: 8000, lifetime_years: 25}
"""

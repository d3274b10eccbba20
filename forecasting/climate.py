"""What is known of a place with no feed at all: its seasons, its day and its spread.

This is the ground every forecast stands on and falls back to, and the law synthetic weather
follows. It holds facts and plain curves of them; it draws nothing and knows no plant.
"""

import math
from dataclasses import dataclass

import numpy as np

from forecasting.steps import Array

MONTHS = 12
_DEGREES_A_HOUR = 15.0
_FACTOR_TOLERANCE = 0.01
_K_RANGE = (0.8, 12.0)
_WARMEST_SHEAR_H = 13.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Climate:
    """The climate of one place.

    Hours of the day are local mean solar time, from the longitude and not from civil time.

    Attributes:
        name: Name of the place.
        source: Who says so; printed beside every forecast that rests on it.
        latitude_deg: Latitude, north positive. [deg]
        longitude_deg: Longitude, east positive. [deg]
        altitude_m: Height above the sea. [m]
        mean_wind_speed_m_s: Yearly mean wind speed at the reference height. [m/s]
        wind_reference_height_m: Height of that wind. [m]
        weibull_k: Weibull shape of all the year's hours together.
        wind_month_factors: Monthly mean wind over the yearly mean, January first.
        wind_diurnal_amplitude: Swing of the mean wind over the day, as a share of it. [0..1)
        wind_peak_local_h: Solar hour of the strongest mean wind. [h]
        shear_exponent_day: Wind profile's power-law exponent at midday.
        shear_exponent_night: The same at night.
        temperature_month_c: Monthly mean temperature, January first. [°C]
        temperature_diurnal_amplitude_k: Half the mean daily range. [K]
        temperature_peak_local_h: Solar hour of the warmest mean. [h]
        temperature_spread_k: Standard deviation of an hour around its mean. [K]
        relative_humidity: Relative humidity at the day's mean temperature. [0..1]
        clear_sky_index_month: Mean share of the clear-sky irradiation that arrives, outside fog.
        clear_sky_index_spread: Standard deviation of an hour's share.
        fog_share: Share of days whose morning is under fog or low stratus. [0..1]
        wind_correlation_h: Hours after which the wind's anomaly has faded to 1/e. [h]
        sun_correlation_h: The same for the clear-sky index. [h]
        temperature_correlation_h: The same for the temperature. [h]
        wind_sun_correlation: Between the hourly shocks of wind and clear-sky index.
        sun_temperature_correlation: Between those of clear-sky index and temperature.
        wind_temperature_correlation: Between those of wind and temperature.
    """

    name: str
    source: str
    latitude_deg: float
    longitude_deg: float
    altitude_m: float
    mean_wind_speed_m_s: float
    wind_reference_height_m: float = 10.0
    weibull_k: float
    wind_month_factors: tuple[float, ...]
    wind_diurnal_amplitude: float
    wind_peak_local_h: float
    shear_exponent_day: float
    shear_exponent_night: float
    temperature_month_c: tuple[float, ...]
    temperature_diurnal_amplitude_k: float
    temperature_peak_local_h: float = 15.0
    temperature_spread_k: float
    relative_humidity: float
    clear_sky_index_month: tuple[float, ...]
    clear_sky_index_spread: float
    fog_share: float
    wind_correlation_h: float = 20.0
    sun_correlation_h: float = 30.0
    temperature_correlation_h: float = 48.0
    wind_sun_correlation: float = 0.0
    sun_temperature_correlation: float = 0.0
    wind_temperature_correlation: float = 0.0

    def __post_init__(self) -> None:
        for field in ("wind_month_factors", "temperature_month_c", "clear_sky_index_month"):
            values = getattr(self, field)
            if len(values) != MONTHS:
                raise ValueError(
                    f"climate.{field}: must hold twelve months, got {len(values)}; "
                    "give January to December"
                )
        mean = sum(self.wind_month_factors) / MONTHS
        if abs(mean - 1) > _FACTOR_TOLERANCE:
            raise ValueError(
                f"climate.wind_month_factors: must average 1, got {mean:.3f}; "
                "divide each by their mean"
            )
        for field, (low, high) in _BOUNDS.items():
            if not low <= getattr(self, field) <= high:
                raise ValueError(
                    f"climate.{field}: must lie between {low:g} and {high:g}, "
                    f"got {getattr(self, field)}; check its unit"
                )

    @property
    def weibull_k_hourly(self) -> float:
        """Weibull shape of one month and hour of the day.

        Season and hour of the day already spread the year's wind, so an hour spreads less:
        with c² the squared coefficient of variation,

            1 + c²(year) = (1 + c²(hour)) · (1 + var(month factors)) · (1 + amplitude² / 2)
        """
        month_spread = float(np.var(np.array(self.wind_month_factors)))
        between = (1 + month_spread) * (1 + self.wind_diurnal_amplitude**2 / 2)
        wanted = _second_moment(self.weibull_k) / between
        low, high = _K_RANGE
        while high - low > 1e-9:  # noqa: PLR2004 - far below any digit that is used
            middle = (low + high) / 2
            low, high = (middle, high) if _second_moment(middle) > wanted else (low, middle)
        return low

    @property
    def pressure_pa(self) -> float:
        """Air pressure of the standard atmosphere at the place's height. [Pa]"""
        return 101_325.0 * math.pow(1 - 2.25577e-5 * self.altitude_m, 5.25588)

    @property
    def key(self) -> tuple[int, int]:
        """The place as whole numbers, so that each place has its own weather."""
        return round((self.latitude_deg + 90) * 1e4), round((self.longitude_deg + 180) * 1e4)

    def local_hour(self, mid_hours: Array) -> Array:
        """Local mean solar time of instants in hours since 1970, shape (T,). [h, 0..24)"""
        hour: Array = np.mod(mid_hours + self.longitude_deg / _DEGREES_A_HOUR, 24.0)
        return hour

    def mean_wind_m_s(self, mid_hours: Array) -> Array:
        """Mean wind of the season and hour at the reference height, shape (T,). [m/s]"""
        day = 1 + self.wind_diurnal_amplitude * self._swing(mid_hours, self.wind_peak_local_h)
        month = season(self.wind_month_factors, mid_hours)
        return self.mean_wind_speed_m_s * month * day

    def shear_exponent(self, mid_hours: Array) -> Array:
        """Power-law exponent of the wind profile, least at midday, shape (T,)."""
        middle = (self.shear_exponent_day + self.shear_exponent_night) / 2
        half = (self.shear_exponent_day - self.shear_exponent_night) / 2
        return middle + half * self._swing(mid_hours, _WARMEST_SHEAR_H)

    def mean_temperature_c(self, mid_hours: Array) -> Array:
        """Mean temperature of the season and hour, shape (T,). [°C]"""
        swing = self._swing(mid_hours, self.temperature_peak_local_h)
        return season(self.temperature_month_c, mid_hours) + (
            self.temperature_diurnal_amplitude_k * swing
        )

    def _swing(self, mid_hours: Array, peak_h: float) -> Array:
        swing: Array = np.cos(2 * np.pi * (self.local_hour(mid_hours) - peak_h) / 24)
        return swing

    @classmethod
    def dakhla(cls) -> "Climate":
        """Dakhla, on the Atlantic coast at 23.7 N: trade wind, sun, mild air.

        No hourly record is public, so this rests on published summaries. Wind: 7.64 m/s at 10 m
        over the year, 462 W/m² (hence k about 2.2), calms below 4 %, July at 10.12 m/s, least in
        December, strongest at about 16 h local as the sea breeze adds to the trades ("Renewable
        energy in south of Morocco and prospects"; "Prospects for wind energy in southern Morocco
        and northern Mauritania"); the months between are interpolated, and the swing over the
        day is assumed. Sun: 2,022 kWh/m² a year (same source), which over the clear sky gives a
        mean index of 0.863; 33 days of fog a year (sahara.gov.ma); no figure by month was found,
        so all months are alike. Temperature: 12 °C in January and 28 °C in July (sahara.gov.ma),
        read as the mean minimum and the mean maximum because coastal maxima are given as 21 to
        23 °C in winter and a little above 30 °C from July to September (wetter.de,
        nomadseason.com). Correlations carry signs known from the literature (dust: less sun,
        warmer; the trade wind cools) with assumed sizes. The spread is normal: rare heat from
        inland beyond 40 °C is not in it.
        """
        return cls(
            name="Dakhla",
            source="cited climatology of Dakhla (published yearly and monthly summaries)",
            latitude_deg=23.70,
            longitude_deg=-15.93,
            altitude_m=10.0,
            mean_wind_speed_m_s=7.64,
            weibull_k=2.2,
            wind_month_factors=(
                *(0.84, 0.91, 0.98, 1.05, 1.11, 1.21),
                *(1.325, 1.17, 0.99, 0.86, 0.785, 0.77),
            ),
            wind_diurnal_amplitude=0.20,
            wind_peak_local_h=16.0,
            shear_exponent_day=0.10,
            shear_exponent_night=0.14,
            temperature_month_c=(
                *(17.0, 17.5, 18.5, 19.0, 20.0, 21.5),
                *(23.5, 24.5, 24.5, 23.0, 20.5, 18.0),
            ),
            temperature_diurnal_amplitude_k=4.5,
            temperature_spread_k=2.2,
            relative_humidity=0.75,
            clear_sky_index_month=(0.875,) * MONTHS,
            clear_sky_index_spread=0.14,
            fog_share=33 / 365,
            wind_sun_correlation=0.10,
            sun_temperature_correlation=-0.25,
            wind_temperature_correlation=-0.20,
        )

    @classmethod
    def casablanca(cls) -> "Climate":
        """Casablanca: approximate published monthly normals of temperature.

        For sites without plants of their own, where only cooling matters; wind and sun are rough.
        """
        return cls(
            name="Casablanca",
            source="approximate published monthly normals of Casablanca (temperature); "
            "wind and sun are rough",
            latitude_deg=33.57,
            longitude_deg=-7.59,
            altitude_m=55.0,
            mean_wind_speed_m_s=3.9,
            weibull_k=1.9,
            wind_month_factors=(1.0,) * MONTHS,
            wind_diurnal_amplitude=0.25,
            wind_peak_local_h=15.0,
            shear_exponent_day=0.14,
            shear_exponent_night=0.20,
            temperature_month_c=(
                *(12.7, 13.5, 15.0, 16.2, 18.5, 21.0),
                *(23.0, 23.5, 22.3, 19.8, 16.4, 13.8),
            ),
            temperature_diurnal_amplitude_k=4.0,
            temperature_spread_k=2.5,
            relative_humidity=0.78,
            clear_sky_index_month=(0.80,) * MONTHS,
            clear_sky_index_spread=0.20,
            fog_share=0.08,
            sun_temperature_correlation=0.1,
        )

    @classmethod
    def western_europe(cls) -> "Climate":
        """A cloud region about Frankfurt: approximate published monthly normals of temperature.

        For leased capacity, where only cooling matters; wind and sun are rough.
        """
        return cls(
            name="western Europe",
            source="approximate published monthly normals of Frankfurt am Main (temperature); "
            "wind and sun are rough",
            latitude_deg=50.05,
            longitude_deg=8.60,
            altitude_m=112.0,
            mean_wind_speed_m_s=3.4,
            weibull_k=1.8,
            wind_month_factors=(
                *(1.15, 1.12, 1.10, 1.00, 0.93, 0.90),
                *(0.90, 0.86, 0.90, 0.96, 1.06, 1.12),
            ),
            wind_diurnal_amplitude=0.15,
            wind_peak_local_h=14.0,
            shear_exponent_day=0.16,
            shear_exponent_night=0.26,
            temperature_month_c=(
                *(2.0, 3.0, 6.7, 11.0, 15.2, 18.7),
                *(20.7, 20.2, 15.7, 10.8, 6.0, 2.9),
            ),
            temperature_diurnal_amplitude_k=4.5,
            temperature_spread_k=4.0,
            relative_humidity=0.74,
            clear_sky_index_month=(
                *(0.50, 0.55, 0.60, 0.66, 0.67, 0.68),
                *(0.70, 0.70, 0.66, 0.58, 0.50, 0.46),
            ),
            clear_sky_index_spread=0.26,
            fog_share=0.10,
        )


_BOUNDS: dict[str, tuple[float, float]] = {
    "latitude_deg": (-90, 90),
    "longitude_deg": (-180, 180),
    "altitude_m": (-430, 6000),
    "mean_wind_speed_m_s": (0.5, 25),
    "wind_reference_height_m": (2, 300),
    "weibull_k": (1.1, 5),
    "wind_diurnal_amplitude": (0, 0.9),
    "shear_exponent_day": (0, 0.6),
    "shear_exponent_night": (0, 0.6),
    "temperature_diurnal_amplitude_k": (0, 20),
    "temperature_spread_k": (0, 15),
    "relative_humidity": (0.05, 1),
    "clear_sky_index_spread": (0.005, 0.4),
    "fog_share": (0, 0.9),
    "wind_correlation_h": (1, 200),
    "sun_correlation_h": (1, 200),
    "temperature_correlation_h": (1, 200),
}


def _second_moment(k: float) -> float:
    """E[v²] / E[v]² of a Weibull wind of shape k: 1 plus the squared coefficient of variation."""
    return math.gamma(1 + 2 / k) / math.gamma(1 + 1 / k) ** 2


def month_position(mid_hours: Array) -> Array:
    """Months since the middle of January of instants in hours since 1970, shape (T,). [-0.5..11.5)

    >>> month_position(np.array([15.5 * 24.0]))  # noon of 16 January: the month's middle
    array([0.])
    """
    instant = (mid_hours * 3600).astype("datetime64[s]")
    month = instant.astype("datetime64[M]")
    length = (month + 1).astype("datetime64[s]") - month.astype("datetime64[s]")
    share = (instant - month.astype("datetime64[s]")) / length
    position: Array = month.astype(np.int64) % MONTHS + share - 0.5
    return position


def season(monthly: tuple[float, ...], mid_hours: Array) -> Array:
    """A smooth year whose monthly means are `monthly`, shape (T,).

    Linear between the middles of months, through points set so that each month's mean is kept:
    a straight line between the means themselves would flatten the highest and lowest months.
    """
    values = np.array(monthly)
    identity = np.eye(MONTHS)
    averaging = 0.75 * identity + 0.125 * (
        np.roll(identity, 1, axis=1) + np.roll(identity, -1, axis=1)
    )
    points = np.linalg.solve(averaging, values)
    position = month_position(mid_hours)
    before = np.floor(position).astype(np.int64)
    share = position - before
    year: Array = (1 - share) * points[before % MONTHS] + share * points[(before + 1) % MONTHS]
    return year

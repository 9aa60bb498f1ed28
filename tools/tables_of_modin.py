"""Tables of Modin in, tables of Modin out, with their labels. Modin allows no pandas above 2.3, so
it has an environment of its own: pip install "modin[dask]" . && python tools/tables_of_modin.py"""
import os

os.environ["MODIN_ENGINE"], os.environ["MODIN_CPUS"] = "python", "1"

import modin.pandas as mpd  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

from factorlasso import LassoModel, LassoModelCV  # noqa: E402

rng, dates = np.random.default_rng(0), pd.date_range("2015-01-31", periods=80, freq="ME")
x = pd.DataFrame(rng.normal(size=(80, 3)), dates).add_prefix("f")
y = pd.DataFrame(x.to_numpy() @ rng.normal(size=(3, 4)) + 0.3 * rng.normal(size=(80, 4)), dates)
y = y.add_prefix("y")
y.iloc[:20, 1] = np.nan
signs = pd.DataFrame(1.0, y.columns, x.columns)
groups = pd.Series(["a", "a", "b", "b"], y.columns)
settings = {"model_type": "group_lasso", "reg_lambda": 0.05}

ours = LassoModel(group_data=groups, factors_beta_loading_signs=signs, **settings).fit(x, y)
theirs = LassoModel(group_data=mpd.Series(groups), factors_beta_loading_signs=mpd.DataFrame(signs),
                    **settings).fit(mpd.DataFrame(x), mpd.DataFrame(y))
pd.testing.assert_frame_equal(ours.coef_, theirs.coef_)
predicted = theirs.predict(mpd.DataFrame(x))
assert isinstance(predicted, mpd.DataFrame) and list(predicted.columns) == list(y)
assert predicted.index.equals(dates)
np.testing.assert_array_equal(predicted.to_numpy(), ours.predict(x).to_numpy())
assert theirs.score(mpd.DataFrame(x), mpd.DataFrame(y)) == ours.score(x, y)
chosen = LassoModelCV(cv=3).fit(mpd.DataFrame(x), mpd.DataFrame(y))
pd.testing.assert_frame_equal(chosen.coef_, LassoModelCV(cv=3).fit(x, y).coef_)
print("tables of Modin: labels kept, answered in kind")

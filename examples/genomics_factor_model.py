"""Which genetic variants move which genes? A factor model with signs, on simulated genotypes and
expression.

    python examples/genomics_factor_model.py

All data are simulated, so the truth is known: 240 people, 40 variants that are inherited in blocks
of neighbours (genotype 0, 1 or 2, the copies of the rarer allele), 120 genes. A gene follows one to
three variants, and at least half of its variance is noise. Weakly expressed genes are not detected
in the people who use them least; that is NaN, not zero.

Biology gives signs before the data are seen. A variant that ends a gene's product early can only
lower it (-1), one that strengthens its promoter can only raise it (1), one in a part of the genome
that does not touch the gene cannot act on it (0). The rest is unknown (NaN). Of the claimed signs
one in twenty is wrong, as it would be; the table also shows what would be gained if none were.

What to look for: cells held at zero take away two false effects in five, and the one sign in twenty
that is wrong costs more than all the right ones gain.
"""
import numpy as np
import pandas as pd
from scipy.stats import norm

from factorlasso import LassoModel

PEOPLE, VARIANTS, GENES, BLOCK = 240, 40, 120, 5
LAMBDA = 0.15   # near 2/√n = .13: one standard error of a slope under noise of unit variance


def simulate_genotypes(rng, people):
    """(people, VARIANTS) copies of the rarer allele: two latent normals, correlated within blocks,
    cut at its frequency."""
    block = np.arange(VARIANTS) // BLOCK
    threshold = norm.ppf(1 - rng.uniform(0.15, 0.5, VARIANTS))
    shared, own = (rng.normal(size=(2, people, VARIANTS // BLOCK)),
                   rng.normal(size=(2, people, VARIANTS)))
    copies = (np.sqrt(0.7) * shared[:, :, block] + np.sqrt(0.3) * own > threshold).sum(axis=0)
    return pd.DataFrame(copies, [f"person {i:03d}" for i in range(people)],
                        [f"snp {j:02d}" for j in range(VARIANTS)])


def simulate_effects(rng, variants):
    """(GENES, VARIANTS) true effects of one standard deviation of a genotype; one to three for each
    gene."""
    effects = pd.DataFrame(0.0, [f"gene {i:03d}" for i in range(GENES)], variants)
    for gene in effects.index:
        acting = rng.choice(variants, rng.integers(1, 4), replace=False)
        effects.loc[gene, acting] = rng.choice([-1, 1], len(acting)) * rng.uniform(0.2, 0.5,
                                                                                   len(acting))
    return effects


def biological_signs(rng, effects, known=0.6, impossible=0.5, wrong=0.05):
    """Signs of 60 % of the effects, of which 5 % are wrong, and zeros on half of the cells without
    an effect."""
    truth, draw = np.sign(effects.to_numpy()), rng.random(effects.shape)
    claimed = np.where(truth != 0, np.where(draw < known, truth, np.nan),
                       np.where(draw < impossible, 0.0, np.nan))
    return pd.DataFrame(np.where(rng.random(truth.shape) < wrong, -claimed, claimed), effects.index,
                        effects.columns)


def judge(coef, truth, x, y):
    """How far the effects are from the truth, and how well they predict people who were not in the
    fit."""
    true, agreement = truth != 0, coef * truth
    r2 = 1 - ((y - x @ coef.T) ** 2).sum() / (y**2).sum()
    return {"squared error": f"{((coef - truth) ** 2).sum().sum() / (truth**2).sum().sum():.3f}",
            "effects found": f"{(agreement > 0).sum().sum() / true.sum().sum():.1%}",
            "false effects": (~true & (coef != 0)).sum().sum(),
            "R², new people": f"{r2.median():.3f}"}


def main():
    rng = np.random.default_rng(0)
    genotypes = simulate_genotypes(rng, 2 * PEOPLE)
    effects = simulate_effects(rng, genotypes.columns)
    signs = biological_signs(rng, effects)

    # half of the people are fitted, and give the units; the other half is for judging only
    train = np.arange(2 * PEOPLE) < PEOPLE
    x = (genotypes - genotypes[train].mean()) / genotypes[train].std(ddof=0)
    signal = x @ effects.T
    y = signal + np.maximum(signal.std().to_numpy(), 0.5) * rng.normal(size=signal.shape)
    y = y - y[train].mean()
    weak = rng.random(GENES) < 0.3
    seen = y[train].mask((y[train].rank(pct=True) < 0.1) & weak)

    all_right = np.sign(effects).where(signs.notna())
    biology = {"factors_beta_loading_signs": signs}
    belief = {"factors_beta_prior": 0.3 * signs.fillna(0),
              "penalty_weights": 1 - 0.5 * (signs.abs() == 1)}
    models = {
        "least squares": LassoModel(reg_lambda=0),
        "LASSO": LassoModel(reg_lambda=LAMBDA),
        "LASSO, signs": LassoModel(reg_lambda=LAMBDA, **biology),
        "LASSO, signs, none wrong": LassoModel(reg_lambda=LAMBDA,
                                               factors_beta_loading_signs=all_right),
        "LASSO, signs and prior": LassoModel(reg_lambda=LAMBDA, **biology, **belief),
        "HCGL, signs": LassoModel("group_lasso_clusters", reg_lambda=LAMBDA,
                                  l1_weight=0.8, **biology),
    }
    print(f"{PEOPLE} people, {VARIANTS} variants, {GENES} genes, "
          f"{seen.isna().to_numpy().mean():.1%} of the cells not detected")
    print(f"{(effects != 0).sum().sum()} true effects; a sign is claimed for "
          f"{(signs.abs() == 1).sum().sum()}, "
          f"{(signs == 0).sum().sum()} cells are held at zero\n")
    fits = {name: model.fit(x[train], seen) for name, model in models.items()}
    print(pd.DataFrame({name: judge(fit.coef_, effects, x[~train], y[~train])
                        for name, fit in fits.items()}).T.to_string())

    beta = fits["LASSO, signs"].coef_
    strongest = beta.abs().stack().nlargest(5).index
    print("\nthe strongest effects of the LASSO with signs")
    print(pd.DataFrame({"estimated": [beta.loc[k] for k in strongest],
                        "true": [effects.loc[k] for k in strongest],
                        "sign": [signs.loc[k] for k in strongest]}, strongest).round(2)
          .to_string(na_rep="unknown"))
    print(f"\nevery relative duality gap is below 1e-8: "
          f"{bool((fits['LASSO, signs'].estimation_result_.gap < 1e-8).all())}")


if __name__ == "__main__":
    main()

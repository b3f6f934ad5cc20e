import torch

from icllib import datasets


def test_penguins_have_plausible_measurements_and_three_species():
    birds = datasets.penguins()
    assert len(birds.species) == len(birds.body_mass) == 342 and set(birds.species) == {"Adelie", "Chinstrap", "Gentoo"}
    assert birds.flipper_length.min() > 170 and birds.body_mass.max() < 7000
    assert torch.corrcoef(torch.stack([birds.flipper_length, birds.body_mass]))[0, 1] > 0.8


def test_reviews_are_balanced_unit_vectors():
    bank = datasets.reviews()
    assert bank.labels.sum() == 0 and set(bank.labels.tolist()) == {-1.0, 1.0} and len(bank.sentences) == 120
    assert (bank.embeddings.norm(dim=1) - 1).abs().max() < 1e-3  # stored with 11 bits

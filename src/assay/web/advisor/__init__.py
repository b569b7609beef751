"""The pages of advisors: their desk, one student over time, the review of a result, and agreement with the model."""

"""What the graders are worth, measured on data sets of known levels and on attacks; imports assay, which never imports it."""

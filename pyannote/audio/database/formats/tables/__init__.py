"""Reading of tables of annotation, for the formats that are tables."""

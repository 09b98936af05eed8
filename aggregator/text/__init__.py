"""What people type: the search box grammar and genomic HGVS."""

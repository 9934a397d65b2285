"""Files: atomic writes, models in the formats npz and safetensors, and journals of records."""

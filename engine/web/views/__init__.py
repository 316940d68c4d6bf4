"""What pages and API show, as plain values: read from the store and the running engine, only of channels that the person may see."""

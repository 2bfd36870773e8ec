"""Lectures 8 and 9: networks that see and networks that read, put together."""

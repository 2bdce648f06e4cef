"""What surrounds the data in the zip: descriptions for the portal, for programs, for people."""

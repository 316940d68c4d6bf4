"""The pages, and what their forms do. One file each, with its table `endpoints`; the folder is the registry."""

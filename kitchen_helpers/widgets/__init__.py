"""Widgets for the notebooks: run a kitchen, step through a schedule or drive one, and write down a prediction.

Each is an ordinary object that holds what it shows, as text and as HTML; in a running notebook with ipywidgets it gets
buttons and sliders. What they do happens within their callbacks, and is short: nothing runs on afterwards.
"""

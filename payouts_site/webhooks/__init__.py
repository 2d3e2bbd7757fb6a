"""Webhook endpoints and deliveries as people and integrators manage them: audited, and each sees what is theirs.

The room `webhooks` below promises and delivers; it knows neither the audit log nor who may do what.
"""
